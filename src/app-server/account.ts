import { parseAnswer } from './connection/answers.ts';
import type { Connection } from './connection/connection.ts';
import type {
  CancelLoginAccountResponse,
  GetAccountParams,
  GetAccountRateLimitsResponse,
  GetAccountResponse,
  LoginAccountParams,
  LoginAccountResponse,
} from './generated/protocol.ts';
import type { CallOptions } from './session.ts';

/** Who pays: the account that the server uses. Secrets go to the server and are kept nowhere else. */
export class Account {
  readonly #connection: Connection;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** `account` is null when nobody is logged in. */
  read({ signal, ...params }: GetAccountParams & CallOptions = {}): Promise<GetAccountResponse> {
    const wire = { refreshToken: false, ...params };
    return this.#ask<GetAccountResponse>('account/read', wire, signal);
  }

  /**
   * With an API key it is done when this returns. Otherwise the answer says where the user goes,
   * and the notification `account/login/completed` tells how it ended.
   */
  login(params: LoginAccountParams, { signal }: CallOptions = {}): Promise<LoginAccountResponse> {
    return this.#ask<LoginAccountResponse>('account/login/start', params, signal);
  }

  cancelLogin(loginId: string, { signal }: CallOptions = {}): Promise<CancelLoginAccountResponse> {
    return this.#ask<CancelLoginAccountResponse>('account/login/cancel', { loginId }, signal);
  }

  async logout({ signal }: CallOptions = {}): Promise<void> {
    await this.#connection.request('account/logout', undefined, { signal });
  }

  /** @throws JsonRpcError when nobody is logged in with ChatGPT. */
  rateLimits({ signal }: CallOptions = {}): Promise<GetAccountRateLimitsResponse> {
    return this.#ask<GetAccountRateLimitsResponse>('account/rateLimits/read', undefined, signal);
  }

  #ask<T>(method: string, params: unknown, signal: AbortSignal | undefined): Promise<T> {
    return this.#connection.request(method, params, { signal, parse: parseAnswer<T>(method) });
  }
}
