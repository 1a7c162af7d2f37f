export { appServerTools } from './app-server-tools.ts';
export type { Caller } from './cell.ts';
export type { CellError, CellResult } from './cell-result.ts';
export { CodeMode } from './code-mode.ts';
export type { CodeModeOptions, ExecOptions, WaitOptions } from './code-mode-options.ts';
export { type CommandToolOptions, commandTool } from './command-tool.ts';
export { CodeModeError, type CodeModeErrorCode } from './errors.ts';
export type { CodeModeLimits } from './limits.ts';
export { type McpToolsOptions, mcpTools } from './mcp-tools.ts';
export { MODEL_TOOL_NAMES, type ModelTool, type ModelToolAnswer } from './model-tools.ts';
export {
  DEFAULT_MAX_OUTPUT_TOKENS,
  type OutputItem,
  renderResult,
  truncateItems,
} from './output.ts';
export type { CodeModeTool } from './tool.ts';
