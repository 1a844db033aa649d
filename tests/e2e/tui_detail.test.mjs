// What opens over the list, in a real terminal: a delivery, a comparison, help, events; over deliveries in memory.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, afterEach, describe, it } from 'node:test';
import { binDir, removeFolder, waitFor } from './lib/harness.mjs';
import { Terminal } from './lib/tmux.mjs';

const fake = path.join(binDir, 'tui-fake');
const folder = mkdtempSync(path.join(tmpdir(), 'creel-detail-'));
after(() => removeFolder(folder));
let t;
afterEach(() => t?.close());

const start = async (args = [], options = {}) => {
	t = await Terminal.start({ command: [fake, '40', '--plain', ...args], ...options });
	await t.until(/F10/);
};

describe('a delivery', () => {
	it('opens, shows its four tabs, and gives the list back as it was', async () => {
		await start();
		await t.keys('k');
		const list = await t.until(/online {2}40 deliveries\n.*PAUSED[^]*#39 {2}POST \/hooks\/slack {2}200 OK /);
		await t.keys('Enter');
		let s = await t.until(/\[1 Request\].*JSON {2}line 1\/70/);
		assert.match(s, /^ creel {2}#39 /);
		assert.match(s, /^ POST \/hooks\/slack HTTP\/1\.1$/m);
		assert.match(s, /stripe-signature: .*\[valid\]$/m);
		assert.match(s, /^ {5}"id": "evt_39",$/m);
		await t.keys('2');
		await t.until(/^ answer \d to #39$/m);
		await t.keys('Tab');
		await t.until(/\[3 Timing\/Attempts\][\s\S]*^ Sent to app {9}12:00:38\.013/m);
		await t.keys('4');
		await t.until(/^ 00000000 \| 7b 0a 20 20/m);
		await t.keys('Escape');
		s = await t.until(/PAUSED/);
		assert.equal(s, list);
	});

	it('searches, folds, copies a value and its path', async () => {
		const out = path.join(folder, 'copied');
		await start(['--clipboard', `cat >'${out}'`]);
		await t.keys('Enter');
		await t.until(/line 1\/70/);
		await t.keys('/');
		await t.type('value 40');
		await t.keys('Enter');
		const s = await t.until(/"line 40": "value 40"/);
		assert.match(s, /line 49\/70/);
		await t.keys('y', 'p');
		await t.until(/path of #40/);
		await waitFor('the path', () => readFileSync(out, 'utf8') === '["line 40"]');
		await t.keys('y', 'v');
		await t.until(/value of #40/);
		await waitFor('the value', () => readFileSync(out, 'utf8') === 'value 40');
		await t.keys('n');
		await t.until(/began again at the beginning: 1 of 1/);
		await t.keys('/');
		await t.type('value 4');
		await t.keys('Enter');
		await t.until(/^ \/value 4 {2}2 of 11 /m);
		await t.keys('N');
		await t.until(/^ \/value 4 {2}1 of 11 /m);
		await t.keys('j');
		await t.until(/^ \/value 4 {3}/m);
		await t.keys('g', 'j', 'j', 'j', 'j', 'j', 'z');
		await t.until(/^ > \{ 63 keys, .*\}$/m);
	});

	it('goes to the next and the last of the list, keeping the tab', async () => {
		await start();
		await t.keys('k', 'k', 'Enter', '2');
		await t.until(/^ answer \d to #38$/m);
		await t.keys(']');
		await t.until(/^ answer \d to #39$/m);
		await t.keys('[', '[');
		await t.until(/^ answer \d to #37$/m);
		await t.keys('Escape');
		await t.until(/^> .*12:00:36/m);
	});

	it('chooses among attempts, and says when there are no more', async () => {
		await start();
		for (let i = 0; i < 10; i++) await t.keys('k');
		await t.until(/^> .*12:00:29 500/m);
		await t.keys('Enter', '2');
		await t.until(/^ Attempt 3 of 3 .*\(\{ \} others\)/m);
		await t.keys('{');
		await t.until(/^ answer 2 to #30$/m);
		await t.keys('}', '}');
		await t.until(/there is no attempt after this/);
		await t.until(/^ answer 3 to #30$/m);
	});

	it('shows what is done to it: a replay opens from it, a mark stays', async () => {
		await start();
		await t.keys('Enter', 'r');
		await t.until(/#40 -> #41 /);
		await t.keys('m', 'Escape');
		await t.until(/^.\*\+ 12:00:39/m);
	});

	it('goes to an offset, and says what is not there', async () => {
		await start();
		await t.keys('Enter', '4');
		await t.until(/00000000 \|/);
		await t.keys('o');
		await t.type('0x200');
		await t.keys('Enter');
		await t.until(/00000200 \|/);
		await t.keys('o');
		await t.type('99999');
		await t.keys('Enter');
		await t.until(/only 1534 bytes are here/);
	});

	it('keeps its place through 40x10 and back', async () => {
		await start();
		await t.keys('Enter', '/');
		await t.type('value 40');
		await t.keys('Enter');
		await t.until(/line 49\/70/);
		await t.resize(40, 10);
		let s = await t.until(/F10 ?Quit/, { not: /Timing/ });
		assert.match(s, /"line 40": "value 40"/);
		await t.resize(32, 8);
		await t.until(/creel needs 40x10 \(now 32x8\)/);
		await t.resize(120, 40);
		s = await t.until(/3 Timing\/Attempts/);
		assert.match(s, /"line 40": "value 40"/);
		await t.keys('g');
		await t.until(/\[valid, 363 days old\]$/m);
	});
});

describe('two panes', () => {
	it('are there on request, where there is room; the lower follows the list', async () => {
		await start([], { columns: 120, rows: 40 });
		await t.keys('-');
		await t.until(/^── #40 .*C-w: here/m);
		await t.keys('k', 'k');
		await t.until(/^── #38 /m);
		await t.until(/"id": "evt_38"/);
		await t.keys('C-w', '2');
		await t.until(/^ answer \d to #38$/m);
		await t.keys('[');
		await t.until(/^── #37 [\s\S]*^ answer \d to #37$/m);
		await t.resize(80, 24);
		await t.until(/F10 ?Quit/, { not: /── #37/ });
		await t.resize(120, 40);
		await t.until(/^── #37 /m);
		await t.keys('-');
		await t.until(/F10 Quit/, { not: /── #37/ });
		await t.resize(80, 24);
		await t.until(/F10 ?Quit/);
		await t.keys('-');
		await t.until(/split: two panes need 110x30/);
	});
});

describe('a wide screen', () => {
	it('has the delivery beside the list from 140 columns on, and its answer beside the request from 200 on', async () => {
		await start([], { columns: 160, rows: 50 });
		await t.until(/ SIZE?.*│── #40 .*C-w: here|TOOK│── #40 .*C-w: here/);
		await t.keys('k', 'k');
		await t.until(/^> .*│/m);
		await t.until(/│── #38 [\s\S]*"id": "evt_38"/);
		await t.keys('Enter'); // to what is open there
		await t.until(/PAUSED[\s\S]*│── #38 .*C-w Esc: the list/);
		await t.keys('2');
		await t.until(/│ answer \d to #38 *$/m);
		await t.keys('1', 'Escape');
		await t.until(/│── #38 .*C-w: here/);
		await t.keys('_'); // below
		await t.until(/^── #38 .*C-w: here/m);
		await t.keys('_');
		await t.until(/│── #38 .*C-w: here/);
		const width = async () => (await t.screen()).split('\n')[3].indexOf('│');
		assert.equal(await width(), 64);
		await t.keys('|');
		await waitFor('half', async () => (await width()) === 80);
		await t.keys('|', '|');
		await waitFor('as at first', async () => (await width()) === 64);
		await t.resize(220, 60);
		await t.until(/│── #38 .*│── #38 /);
		await t.until(/"id": "evt_38".*│|│ answer \d to #38/);
		await t.keys('C-w', 'C-w');
		await t.until(/│── #38 .*C-w: here.*│── #38 .*C-w Esc: the list/);
		await t.keys('-');
		await t.until(/F10 Quit/, { not: /│/ });
		await t.resize(100, 30);
		await t.until(/F10/);
		await t.keys('|');
		await t.until(/share: two beside each other need 140 columns/);
	});
});

describe('a comparison', () => {
	it('is with the last of its kind, or of two that are marked', async () => {
		await start();
		await t.keys('d');
		let s = await t.until(/diff #27 -> #40/);
		assert.match(s, /^ - {3}"id": "evt_27"$/m);
		assert.match(s, /^ \+ {3}"id": "evt_40"$/m);
		await t.keys('c', 'c');
		await t.until(/"line 9": "value 9"/);
		await t.keys('q', 'm', 'k', 'k', 'm', 'd');
		await t.until(/diff #38 -> #40/);
		await t.resize(120, 40);
		s = await t.until(/3 lines around each/);
		assert.match(s, /"id": "evt_38".*\| .*"id": "evt_40"/);
	});

	it('says so when nothing of its kind came before', async () => {
		await start();
		await t.keys('g');
		await t.until(/^> .*12:00:00/m);
		await t.keys('d');
		await t.until(/Nothing of its kind came before #1\./);
		await t.keys('q');
		await t.until(/PAUSED/);
	});
});

describe('help and events', () => {
	it('tell the keys of where one is', async () => {
		await start();
		await t.keys('?');
		let s = await t.until(/keys of the list/);
		assert.match(s, /Space: more/);
		await t.keys('/');
		await t.type('only what is marked');
		await t.keys('Enter');
		await t.until(/^ M {19}only what is marked, or all again/m);
		await t.keys('q', 'Enter', '?');
		s = await t.until(/keys of a delivery/);
		assert.doesNotMatch(s, /follow the newest, or pause/);
		await t.keys('q', 'q', ':');
		await t.type('events');
		await t.keys('Enter');
		await t.until(/creel {2}events[\s\S]*Nothing yet/);
	});
});
