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
const packages = Object.keys(metafile.inputs).map((path) => path.match(/^node_modules\/(?:@[^/]+\/)?[^/]+/)?.[0]);
const licences = ['../../..', ...new Set(packages)].filter(Boolean).flatMap((folder) => {
  const files = readdirSync(folder).filter((name) => /^licen[cs]e/i.test(name));
  return files.map((name) => `${folder}\n\n${readFileSync(`${folder}/${name}`, 'utf8')}`);
});
writeFileSync('out/LICENSE', licences.join('\n'));
