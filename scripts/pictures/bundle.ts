import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, type Plugin } from 'esbuild';

const here = path.dirname(fileURLToPath(import.meta.url));
const packages = path.join(here, 'node_modules');
/** One script and one style sheet of a page and everything that it imports. */
export async function bundlePage(entry: string): Promise<{ script: string; styles: string }> {
  const result = await build({
    entryPoints: [path.join(here, entry)],
    bundle: true,
    write: false,
    outdir: 'memory',
    format: 'iife',
    target: 'es2024',
    minify: true,
    define: { 'process.env.NODE_ENV': '"production"', global: 'window' },
    // The code editor's icons are never shown.
    loader: { '.woff2': 'dataurl', '.svg': 'dataurl', '.png': 'dataurl', '.ttf': 'empty' },
    logLevel: 'error',
    plugins: [onePackageOnly],
  });
  const text = (ending: string) => result.outputFiles.find((file) => file.path.endsWith(ending))?.text ?? '';
  return { script: text('.js'), styles: text('.css') };
}

/** @grafana/ui brings its own copies of these; two copies have two registries, and one of them would stay empty. */
const onePackageOnly: Plugin = {
  name: 'one package only',
  setup({ onResolve, resolve }) {
    onResolve({ filter: /^@grafana\/(data|schema)$/ }, ({ path: name, kind, pluginData }) =>
      pluginData === 'once' ? undefined : resolve(name, { resolveDir: packages, kind, pluginData: 'once' }),
    );
  },
};
