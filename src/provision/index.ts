export { type Provisioned, provisionRuntime } from './provision.ts';
