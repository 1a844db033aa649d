// The mouse in the inspector, as a terminal of today sends it (SGR, mode 1006): what looks like a button is one.
import assert from 'node:assert/strict';
import path from 'node:path';
import { after, afterEach, before, describe, it } from 'node:test';
import { World, binDir } from './lib/harness.mjs';
import { Terminal } from './lib/tmux.mjs';

const creel = path.join(binDir, 'creel'), fake = path.join(binDir, 'tui-fake');
let w, db, t;

const line = (name, i, size) => JSON.stringify({ received_at: `2026-11-20T10:00:0${i}.000000Z`, method: 'POST', target: `/hooks/${name}`, peer: '203.0.113.7:4431', tunnel: 'shop', request: { headers: [['Host', 'h.example.com'], ['Content-Type', 'application/json']], body: JSON.stringify({ data: { deep: 'x'.repeat(size) }, list: Array.from({ length: 60 }, (_, k) => k) }) } });

before(async () => {
	w = new World();
	db = w.path('mouse.db');
	const r = await w.creel(['import', '-', '--db', db], { input: [line('a', 1, 20), line('b', 2, 90), line('c', 3, 10)].join('\n') });
	assert.equal(r.code, 0, r.err);
});
afterEach(() => t?.close());
after(async () => w?.close());

const environment = () => ({ ...Object.fromEntries(['HOME', 'XDG_CONFIG_HOME', 'XDG_DATA_HOME', 'UBSAN_OPTIONS', 'ASAN_OPTIONS'].map((k) => [k, w.env[k]])), XDG_STATE_HOME: w.fresh('state') });
async function inspector({ args = [], ...options } = {}) {
	t = await Terminal.start({ command: [creel, 'ui', '--db', db, '--mouse', '--ascii', ...args], env: environment(), term: 'xterm-256color', ...options });
	return await t.until(/\/hooks\//);
}
const first = (s) => /^[> ][^\n]*?(\/hooks\/\w)/m.exec(s)?.[1];

const event = (button, x, y, up) => `\x1b[<${button};${x};${y}${up ? 'm' : 'M'}`;
const clickAt = (x, y) => t.type(event(0, x, y) + event(0, x, y, true));
const wheel = (down, x, y) => t.type(event(down ? 65 : 64, x, y));
// Where a text stands: there is the button.
async function click(text, { times = 1, dx = 1 } = {}) {
	const lines = (await t.until(text)).split('\n');
	const y = lines.findIndex((l) => text.test(l));
	for (let i = 0; i < times; i++) await clickAt(lines[y].search(text) + 1 + dx, y + 1);
}

describe('a click', () => {
	it('a column’s head sorts by it, and the other way round when clicked again; TIME’s goes back', async () => {
		await inspector();
		const head = async (name) => {
			const lines = (await t.until(new RegExp(name))).split('\n');
			const y = lines.findIndex((l) => / +STAT/.test(l));
			await clickAt(lines[y].indexOf(name) + 2, y + 1);
		};
		await head('SIZE');
		let s = await t.until(/vSIZE/);
		assert.equal(first(s), '/hooks/b');
		await head('SIZE');
		await t.until(/\^SIZE/);
		await t.until((x) => first(x) === '/hooks/c');
		await head('METHOD');
		await t.until(/METHOD\^/);
		await head('EVENT');
		s = await t.until(/EVENT \/ PATH\^/);
		await t.until((x) => first(x) === '/hooks/a');
		await head('TIME');
		await t.until(/newest last/, { not: /SORTED/ });
		await head('11-20');
		await t.until(/newest first/);
		// The words of the filter's line: what came meanwhile is taken in.
		await head('TOOK');
		await t.until(/SORTED by took/);
	});

	it('on the words of a menu takes a choice, or none; beside it, none', async () => {
		await inspector();
		await t.keys('o');
		await t.until(/columns of the list/);
		await click(/Esc: cancel/);
		await t.until(/FOLLOW|PAUSED/, { not: /columns of the list/ });
		await t.keys('s');
		await t.until(/sort the list/);
		await clickAt(5, 2);
		await t.until(/FOLLOW|PAUSED/, { not: /sort the list/ });
		await t.keys('s', 'Down', 'Down');
		await click(/Enter: take it/);
		await t.until(/SORTED by method/);
	});

	it('on a sign folds what begins there, and twice on a tag shows what has it', async () => {
		await inspector({ columns: 120 });
		await t.keys('o');
		await click(/\[ \] TAG/);
		await t.until(/\[x\] TAG/);
		await t.keys('Escape', 'T');
		await t.type('bug later');
		await t.keys('Enter');
		await t.until(/bug later/);
		await click(/later/, { times: 2 });
		await t.until(/filter: tag:later/);
		await t.keys('Escape');
		await t.until(/filter: \(none\)/);
		await t.keys('Enter');
		await click(/v "data"/, { dx: 0 });
		await t.until(/> "data": \{ 1 key/);
		await click(/> "data"/, { dx: 0 });
		await t.until(/v "data"/);
	});

	it('on a replay’s line shows what it made, or closes it; on what became of one, opens that', async () => {
		const start = async (args = []) => (t = await Terminal.start({ command: [fake, '50', '--mouse', '--ascii', ...args], env: environment(), term: 'xterm-256color' }));
		await start();
		await t.until(/F10 ?Quit/);
		await t.keys('r');
		await click(/Enter opens it/);
		await t.until(/\[1 Request\]/);
		await t.keys('q', 'm', 'k', 'm', 'r');
		await click(/^ *y /m, { dx: 3 });
		await click(/Esc: close/);
		await t.until(/FOLLOW|PAUSED/, { not: /Esc: close/ });
		await t.keys('r');
		await click(/^ *y /m, { dx: 3 });
		await click(/Enter: show/);
		await t.until(/filter: is:replay/);
	});
});

it('the wheel scrolls the pane that is under the pointer; keys go where they went', async () => {
	await inspector({ columns: 160, rows: 30 });
	await t.keys('|');
	let s = await t.until(/1 Request/);
	const body = (x) => x.split('\n').slice(3, 26).map((l) => l.slice(90)).join('\n');
	const before = body(s), chosen = first(s);
	for (let i = 0; i < 12; i++) await wheel(true, 120, 15);
	s = await t.until((x) => body(x) !== before);
	assert.match(s, new RegExp(`^>.*${chosen === undefined ? '' : '/hooks/c'}`, 'm'));
	await t.keys('k');
	await t.until(/^>.*\/hooks\/b/m);
	await wheel(false, 10, 10);
	await t.until(/^>.*\/hooks\/a/m);
});
