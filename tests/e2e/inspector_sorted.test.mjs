// The inspector's list in the order of a column: by menu, command and the heads, both ways, with what comes meanwhile.
import assert from 'node:assert/strict';
import path from 'node:path';
import { after, afterEach, before, describe, it } from 'node:test';
import { World, binDir } from './lib/harness.mjs';
import { Terminal } from './lib/tmux.mjs';

const creel = path.join(binDir, 'creel');
let w, db, t;

// Number i of 300, of a size that no other has; the largest are neither the newest nor the oldest.
const bytes = (i) => 100 + ((i * 7919) % 307);
const line = (i, extra = {}) => JSON.stringify({ received_at: new Date(Date.UTC(2026, 10, 20) + i * 1000).toISOString(), method: i % 3 ? 'POST' : 'PUT', target: `/hooks/${String(i).padStart(3, '0')}`, peer: '203.0.113.7:4431', tunnel: 'shop', request: { headers: [['Host', `h${i % 5}.example.com`]], body: 'x'.repeat(extra.size ?? bytes(i)) } });
const add = async (lines) => {
	const r = await w.creel(['import', '-', '--db', db], { input: lines.join('\n') });
	assert.equal(r.code, 0, r.err);
};
const bySize = (ids) => [...ids].sort((a, b) => bytes(b) - bytes(a));
const all = Array.from({ length: 300 }, (_, i) => i);
const shown = (s) => [...s.matchAll(/\/hooks\/(\d{3})/g)].map((m) => Number(m[1])).slice(0, 19);

before(async () => {
	w = new World();
	db = w.path('sorted.db');
	await add(all.map((i) => line(i)));
});
afterEach(() => t?.close());
after(async () => w?.close());

async function inspector({ args = [], fresh = true, ...options } = {}) {
	if (fresh) w.stateHome = w.fresh('state');
	const env = { ...Object.fromEntries(['HOME', 'XDG_CONFIG_HOME', 'XDG_DATA_HOME', 'UBSAN_OPTIONS', 'ASAN_OPTIONS'].map((k) => [k, w.env[k]])), XDG_STATE_HOME: w.stateHome };
	t = await Terminal.start({ command: [creel, 'ui', '--db', db, ...args], env, ...options });
	return await t.until(/\/hooks\//);
}

describe('a sorted list', () => {
	it('is chosen by s, goes both ways with v, moves through all of it, and F goes back to the newest', async () => {
		await inspector();
		await t.keys('s');
		await t.until(/t +TOOK +slowest first/);
		await t.keys('z');
		let s = await t.until(/SORTED by size/);
		assert.match(s, /[v▼]SIZE/);
		assert.match(s, /sorted by size: the list does not follow; F goes back to the newest/);
		assert.deepEqual(shown(s), bySize(all).slice(0, 19));
		await t.keys('G');
		s = await t.until(new RegExp(`^>.*/hooks/${String(bySize(all)[299]).padStart(3, '0')} `, 'm'));
		assert.deepEqual(shown(s), bySize(all).slice(-19));
		await t.keys('g', 'v');
		s = await t.until(/[\^▲]SIZE/);
		s = await t.until((x) => shown(x)[0] === bySize(all)[299]);
		assert.deepEqual(shown(s), bySize(all).reverse().slice(0, 19));
		// Down by pages to the very last, none left out.
		const seen = new Set(shown(s));
		for (let page = 0, last = s; page < 40 && seen.size < 300; page++) {
			await t.keys('NPage');
			last = await t.until((x) => x !== last);
			shown(last).forEach((i) => seen.add(i));
		}
		assert.equal(seen.size, 300);
		await t.keys('F');
		s = await t.until(/FOLLOW {2}newest last/);
		await t.until(/^>.*\/hooks\/299 /m);
	});

	it('is the filter’s, with another filter as well, and Esc drops first the filter, then the order', async () => {
		await inspector({ args: ['method:PUT'] });
		await t.keys(':');
		await t.type('sort size up');
		await t.keys('Enter');
		const puts = all.filter((i) => i % 3 === 0);
		let s = await t.until((x) => /SORTED by size/.test(x) && shown(x)[0] === bySize(puts).at(-1));
		assert.deepEqual(shown(s), bySize(puts).reverse().slice(0, 19));
		await t.keys('f');
		await t.keys('C-u');
		await t.type('method:POST path:/hooks/1*');
		await t.keys('Enter');
		const posts = all.filter((i) => i % 3 && i >= 100 && i < 200);
		s = await t.until((x) => /filter: method:POST path/.test(x) && shown(x).length === 19 && shown(x)[0] === bySize(posts).at(-1));
		assert.deepEqual(shown(s), bySize(posts).reverse().slice(0, 19));
		await t.keys('Escape');
		await t.until(/filter: \(none\) +SORTED by size/);
		await t.keys('Escape');
		s = await t.until(/PAUSED {2}newest last/, { not: /SORTED/ });
		await t.keys(':');
		await t.type('sort sise');
		await t.keys('Enter');
		await t.until(/sort takes time, stat, method/);
	});

	it('opens what is chosen, and [ ] go to its neighbours in that order; / finds in it', async () => {
		await inspector();
		await t.keys(':');
		await t.type('sort size');
		await t.keys('Enter');
		await t.until(/SORTED by size/);
		const [first, second] = bySize(all).map((i) => String(i).padStart(3, '0'));
		await t.keys('Enter');
		await t.until(new RegExp(`(POST|PUT) /hooks/${first} HTTP`));
		await t.keys(']');
		await t.until(new RegExp(`(POST|PUT) /hooks/${second} HTTP`));
		await t.keys('[');
		await t.until(new RegExp(`(POST|PUT) /hooks/${first} HTTP`));
		await t.keys('q', '/');
		await t.type('hooks/077');
		await t.keys('Enter');
		await t.until(/^>.*\/hooks\/077 /m);
		await t.until(/SORTED by size/);
	});

	it('stays as it is while others come, counts them, and takes them in with S', async () => {
		await inspector();
		await t.keys(':');
		await t.type('sort size');
		await t.keys('Enter');
		const before = shown(await t.until(/SORTED by size/));
		await add([line(998, { size: 5000 }), line(999, { size: 1 })]);
		const s = await t.until(/SORTED by size {2}2 new \(S\)/);
		assert.deepEqual(shown(s), before);
		await t.keys('S');
		await t.until((x) => shown(x).includes(before[0]) && /^>.*\/hooks/m.test(x) && !/ new \(S\)/.test(x));
		await t.keys('g');
		await t.until(/^>.*\/hooks\/998 /m);
		const r = await w.creel(['prune', 'path:/hooks/99*', '--db', db]);
		assert.equal(r.code, 0, r.err);
		await t.until((x) => !/\/hooks\/99/.test(x));
	});

	it('is kept for the next time', async () => {
		await inspector();
		await t.keys(':');
		await t.type('sort method up');
		await t.keys('Enter');
		await t.until(/SORTED by method/);
		await t.keys('q');
		assert.equal(await t.ended(), '0');
		await t.close();
		const one = db;
		db = w.path('another.db'); // which has an order of its own
		await add(all.slice(0, 3).map((i) => line(i)));
		await inspector({ fresh: false });
		await t.until(/FOLLOW/, { not: /SORTED/ });
		await t.keys('q');
		assert.equal(await t.ended(), '0');
		await t.close();
		db = one;
		await inspector({ fresh: false });
		await t.until(/SORTED by method/);
		await t.keys('F', 'q');
		assert.equal(await t.ended(), '0');
		await t.close();
		await inspector({ fresh: false });
		await t.until(/FOLLOW/, { not: /SORTED/ });
	});

	it('goes by the header field Host, too', async () => {
		await inspector();
		await t.keys(':');
		await t.type('sort host');
		await t.keys('Enter');
		const s = await t.until(/SORTED by host/);
		assert.deepEqual(shown(s), all.filter((i) => i % 5 === 0).reverse().slice(0, 19));
	});
});
