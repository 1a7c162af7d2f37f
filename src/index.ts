export {
  CodexRuntimeError,
  type ErrorCode,
  type ErrorDetails,
  isCodexRuntimeError,
} from './errors.ts';
