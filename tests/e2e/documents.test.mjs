// What comments and documents point to has to be there.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { it } from 'node:test';
import { root } from './lib/harness.mjs';

const files = execFileSync('git', ['ls-files'], { cwd: root, encoding: 'utf8' }).split('\n').filter((name) => /\.(c|h|mjs|sh|pml|def|md|[178])$/.test(name) && existsSync(path.join(root, name)));

/** What of `text`, which stands in that file, names nothing. */
function missing(file, text) {
	const named = [...text.matchAll(/\b(?:client|relay|shared|tui|tests)\/[A-Za-z0-9_/.-]*\.(?:md|sql|c|h|def|mjs|sh|service|pml)\b/g)].map(([name]) => name);
	const places = [root, path.join(root, 'tests'), path.join(root, 'tests', 'unit'), path.join(root, path.dirname(file))];
	return named.filter((name) => !places.some((place) => existsSync(path.join(place, name))));
}

it('files that comments and documents name', () => {
	assert.ok(files.length > 300);
	const all = files.flatMap((file) => missing(file, readFileSync(path.join(root, file), 'utf8')).map((name) => `${file}: ${name}`));
	assert.deepEqual(all, []);
});

it('would be noticed if they were not', () => {
	const gone = ['shared', 'nowhere.h'].join('/');
	assert.deepEqual(missing('README.md', `see ${gone} and shared/DESIGN.md`), [gone]);
});
