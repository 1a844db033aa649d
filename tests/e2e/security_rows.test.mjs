// relay/SECURITY.md says of each threat which tests show what creel does about it. Those tests have to be there.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { root } from './lib/harness.mjs';

const rows = readFileSync(path.join(root, 'relay/SECURITY.md'), 'utf8').split('\n').filter((line) => /^\| /.test(line)).slice(1)
	.map((line) => line.split(' | ').map((cell) => cell.replace(/^\| |\s*\|$/g, '')));

/** What is named in the last cell: `FILE` "NAME", "NAME"; `FILE` "NAME". */
function named(cell) {
	return cell.split(/;\s*(?=`)/).flatMap((part) => {
		const [, file, names] = /^`([^`]+)` (.*)$/.exec(part) ?? [];
		return file ? [...names.matchAll(/"([^"]+)"/g)].map(([, name]) => ({ file, name })) : [{ file: part, name: null }];
	});
}

/** Names of the tests in a file: node's `it`, cmocka's functions, shell scripts' and fuzz targets' own. */
function tests(file) {
	const text = readFileSync(path.join(root, 'tests', file), 'utf8');
	if (file.endsWith('.mjs')) return [...text.matchAll(/\b(?:it|test)\((['"`])((?:\\.|(?!\1).)*)\1/g)].map(([, , name]) => name.replace(/\\(.)/g, '$1'));
	return [...text.matchAll(/\b(?:cmocka_unit_test\w*|ON_DISKS|[A-Z_]+)\((test_\w+)/g)].map(([, name]) => name).concat(/LLVMFuzzerTestOneInput/.test(text) ? ['the corpus'] : []);
}

describe('SECURITY.md', () => {
	it('has a row for each threat', () => assert.ok(rows.length >= 30, `${rows.length} rows`));

	for (const [threat, , shown] of rows)
		it(`names tests that exist: ${threat}`, () => {
			const list = named(shown ?? '');
			assert.ok(list.length > 0, 'no test is named');
			for (const { file, name } of list) {
				assert.ok(name, `"${file}" is no file in backquotes with names in quotes`);
				assert.ok(existsSync(path.join(root, 'tests', file)), `tests/${file} is not there`);
				assert.ok(tests(file).some((there) => there.startsWith(name)), `tests/${file} has no test "${name}"`);
			}
		});

	it('would notice a test that is not there', () => {
		assert.ok(!tests('e2e/security_rows.test.mjs').some((there) => there.startsWith('is made up')));
		assert.ok(tests('e2e/security_rows.test.mjs').includes('has a row for each threat'));
		assert.ok(tests('unit/shared/test_wire.c').includes('test_truncation'));
		assert.deepEqual(named('tests of all sorts'), [{ file: 'tests of all sorts', name: null }]);
	});
});
