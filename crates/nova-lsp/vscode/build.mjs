// Makes out/, the folder that is packaged: the bundled code, and the manifest with the server's settings in it.

import { build } from 'esbuild';
import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';

const read = (path) => JSON.parse(readFileSync(path, 'utf8'));

rmSync('out', { recursive: true, force: true });
mkdirSync('out');
const { metafile } = await build({
  entryPoints: ['src/extension.ts'],
  outfile: 'out/extension.js',
  bundle: true,
  platform: 'node',
  format: 'cjs',
  target: 'node20',
  external: ['vscode'],
  minify: true,
  metafile: true,
});

const { scripts, devDependencies, ...manifest } = read('package.json');
Object.assign(manifest.contributes.configuration.properties, read('../settings.schema.json').properties);
writeFileSync('out/package.json', JSON.stringify(manifest, null, 2));
copyFileSync('README.md', 'out/README.md');

// Its own licences, and those of the packages that are bundled.
const folders = { Nova: '../../..' };
for (const path of Object.keys(metafile.inputs)) {
  const [folder, name] = path.match(/^node_modules\/((?:@[^/]+\/)?[^/]+)/) ?? [];
  if (name) folders[name] = folder;
}
const licences = Object.entries(folders).flatMap(([name, folder]) => {
  const files = readdirSync(folder).filter((file) => /^licen[cs]e/i.test(file));
  return [`${name}:`, ...files.map((file) => readFileSync(`${folder}/${file}`, 'utf8'))];
});
writeFileSync('out/LICENSE', licences.join('\n'));
