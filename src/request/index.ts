export { exactRequest } from './exact-request.ts';
export { type RuntimeOptions, settingsOf } from './options.ts';
export { type Ecosystem, type Pin, resolvePin } from './precedence.ts';
export {
  createRequest,
  type ExactRequest,
  openLockfile,
  openRequest,
  type Request,
  settingsFor,
} from './request.ts';
