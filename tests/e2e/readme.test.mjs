// README.md and creel(1) show what is so.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { it } from 'node:test';
import * as keys from '../readme/keys.mjs';
import { fresh } from '../readme/screens.mjs';
import { root } from './lib/harness.mjs';

it('the inspector’s screens in README.md are what it shows (node tests/readme/screens.mjs --write)', async () => {
	assert.equal(readFileSync(path.join(root, 'README.md'), 'utf8'), await fresh());
});

it('the inspector’s keys in creel(1) are those of tui/keys/actions.def (node tests/readme/keys.mjs --write)', () => {
	assert.equal(readFileSync(keys.page, 'utf8'), keys.fresh());
});
