import { isUtf8 } from 'node:buffer';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { templateInvalid } from './template-invalid.ts';

/** The templates that a `--templates` directory holds, one folder each. */
export type TemplateName = 'node-platform' | 'node-root' | 'python';

/** What a placeholder becomes: text, or in a JSON file any value in place of the quoted name. */
export type TemplateValues = Readonly<Record<string, string | Readonly<Record<string, string>>>>;

export interface TemplateFile {
  /** Where it goes, relative to the package or the template's folder, with `/`. */
  readonly path: string;
  /** The file that it comes from, relative to the template's folder: `package.json.template`. */
  readonly source: string;
  readonly content: Buffer;
}

/** Keeps tools from taking a template's `package.json` for a package of its own; it is left away. */
const TEMPLATE_SUFFIX = /\.template$/;

/**
 * What npm packs from no directory, and what Python and editors leave beside their files: packages
 * are the same whether a template was just used, copied or cloned.
 * Source: npm-packlist's own defaults.
 */
const NEVER_PACKED =
  /(?:^|\/)(?:\.git|\.svn|\.hg|CVS|node_modules|__pycache__)(?:\/|$)|(?:^|\/)(?:\.npmrc|\.npmignore|\.gitignore|\.DS_Store|\._[^/]*|\.[^/]*\.swp|\.lock-wscript|\.wafpickle-\d+|npm-debug\.log|[^/]*\.orig|[^/]*\.pyc)$|^(?:package-lock\.json|yarn\.lock|pnpm-lock\.yaml)$/;

const PLACEHOLDER = /\{\{([A-Za-z][A-Za-z0-9]*)\}\}/g;
const QUOTED_PLACEHOLDER = /"\{\{([A-Za-z][A-Za-z0-9]*)\}\}"/g;

export interface TemplateRequest {
  readonly templatesDir: string;
  readonly name: TemplateName;
  readonly required: readonly string[];
  readonly values: TemplateValues;
}

/**
 * Reads a template's folder and fills every `{{placeholder}}`. A file that is not UTF-8 text (an
 * image) is taken as it is; what npm never packs is left out.
 * @throws CodexRuntimeError `TEMPLATE_INVALID`: the folder or a required file is missing, a
 * placeholder is unknown or malformed, or an entry is neither file nor directory
 */
export async function loadTemplate({
  templatesDir,
  name,
  required,
  values,
}: TemplateRequest): Promise<readonly TemplateFile[]> {
  const root = join(templatesDir, name);
  const files: TemplateFile[] = [];
  for (const source of await listFiles(root)) {
    const path = source.replace(TEMPLATE_SUFFIX, '');
    const raw = await readFile(join(root, source));
    const content = isUtf8(raw)
      ? Buffer.from(fill(raw.toString('utf8'), values, join(root, path)))
      : raw;
    files.push({ path, source, content });
  }
  const missing = required.find((file) => !files.some(({ path }) => path === file));
  if (missing !== undefined) {
    throw templateInvalid(`The template ${root} has no ${missing}.`, {
      template: root,
      file: missing,
    });
  }
  return files;
}

async function listFiles(root: string): Promise<readonly string[]> {
  const entries = await readdir(root, { withFileTypes: true, recursive: true }).catch((cause) => {
    throw templateInvalid(`The template ${root} cannot be read.`, { template: root }, cause);
  });
  const paths: string[] = [];
  for (const entry of entries) {
    const path = join(entry.parentPath, entry.name)
      .slice(root.length + 1)
      .replaceAll('\\', '/');
    if (entry.isDirectory() || NEVER_PACKED.test(path.replace(TEMPLATE_SUFFIX, ''))) continue;
    if (!entry.isFile()) {
      throw templateInvalid(`The template ${root} holds ${path}, which is not a plain file.`, {
        template: root,
        file: path,
      });
    }
    // Windows cannot write it, and no `runtime.json` may list it.
    if (path.includes(':')) {
      throw templateInvalid(
        `The template ${root} holds ${path}, whose name Windows cannot write.`,
        {
          template: root,
          file: path,
        },
      );
    }
    paths.push(path);
  }
  return paths.sort();
}

function fill(text: string, values: TemplateValues, file: string): string {
  const known = (name: string) => {
    const value = Object.hasOwn(values, name) ? values[name] : undefined;
    if (value !== undefined) return value;
    throw templateInvalid(`${file} has the unknown placeholder {{${name}}}.`, {
      file,
      placeholder: name,
      known: Object.keys(values),
    });
  };
  if (text.replaceAll(PLACEHOLDER, '').includes('{{')) {
    throw templateInvalid(`${file} has a "{{" that does not begin a placeholder.`, { file });
  }
  const withValues = file.endsWith('.json')
    ? text.replaceAll(QUOTED_PLACEHOLDER, (_, name: string) => JSON.stringify(known(name)))
    : text;
  return withValues.replaceAll(PLACEHOLDER, (_, name: string) => {
    const value = known(name);
    if (typeof value === 'string') return value;
    throw templateInvalid(`${file} uses {{${name}}} as text, but its value is an object.`, {
      file,
      placeholder: name,
    });
  });
}
