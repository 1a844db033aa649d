// README.md, creel(1) and creel-protocol(7) show what is so.
import assert from 'node:assert/strict';
import { readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { it } from 'node:test';
import * as frames from '../readme/frames.mjs';
import * as keys from '../readme/keys.mjs';
import { draw, picture } from '../readme/picture.mjs';
import * as screens from '../readme/screens.mjs';
import { hasBrowser } from './lib/chromium.mjs';
import { root } from './lib/harness.mjs';

it('the inspector’s screens in README.md are what it shows (node tests/readme/screens.mjs --write)', async () => {
	assert.equal(readFileSync(path.join(root, 'README.md'), 'utf8'), await screens.fresh());
});

it('the picture of the inspector in README.md is what it draws (node tests/readme/screens.mjs --write)', async () => {
	assert.ok(readFileSync(path.join(root, 'README.md'), 'utf8').includes(`(${path.relative(root, screens.picture)})`));
	assert.equal(readFileSync(screens.picture, 'utf8'), await screens.draw());
	assert.ok(statSync(screens.picture).size < 64 * 1024);
});

it('the inspector’s keys in creel(1) are those of tui/keys/actions.def (node tests/readme/keys.mjs --write)', () => {
	assert.equal(readFileSync(keys.page, 'utf8'), keys.fresh());
});

it('the frames in creel-protocol(7) are those of PROTOCOL.md (node tests/readme/frames.mjs --write)', () => {
	assert.equal(readFileSync(frames.page, 'utf8'), frames.fresh());
});

// Browsers draw letters differently, so that only its size can be compared.
it('the picture of the page in README.md is what the page is drawn as (node tests/readme/picture.mjs --write)', { skip: !hasBrowser && 'no browser here' }, async () => {
	const fresh = await draw(), saved = readFileSync(picture);
	assert.ok(readFileSync(path.join(root, 'README.md'), 'utf8').includes(`(${path.relative(root, picture)})`));
	assert.equal(saved.subarray(8, 12).toString(), 'WEBP');
	assert.ok(statSync(picture).size < 64 * 1024 && Math.abs(fresh.length - saved.length) < saved.length / 4, `${fresh.length} and ${saved.length} bytes`);
});
