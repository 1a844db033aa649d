// Notes and tags on deliveries: given in the inspector, found by filters, shown, exported and imported again.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { after, afterEach, before, describe, it } from 'node:test';
import { World, binDir } from './lib/harness.mjs';
import { Terminal } from './lib/tmux.mjs';

const creel = path.join(binDir, 'creel');
let w, db, t;

const line = (name, i) => JSON.stringify({ received_at: `2026-11-20T10:00:0${i}.000000Z`, method: 'POST', target: `/hooks/${name}`, peer: '203.0.113.7:4431', tunnel: 'shop', request: { headers: [['Host', 'hooks.example.com']], body: `body of ${name}` } });

before(async () => {
	w = new World();
	db = w.path('labels.db');
	const r = await w.creel(['import', '-', '--db', db], { input: ['first', 'second', 'third'].map(line).join('\n') });
	assert.equal(r.code, 0, r.err);
});
afterEach(() => t?.close());
after(async () => w?.close());

async function inspector(size = {}) {
	const env = Object.fromEntries(['HOME', 'XDG_CONFIG_HOME', 'XDG_DATA_HOME', 'XDG_STATE_HOME', 'UBSAN_OPTIONS', 'ASAN_OPTIONS'].map((k) => [k, w.env[k]]));
	t = await Terminal.start({ command: [creel, 'ui', '--db', db], env, ...size });
	await t.until(/third/);
}
const list = async (filter) => (await w.creel(['list', '--db', db, '--filter', filter, '--json'])).text.split('\n').filter(Boolean).map((l) => JSON.parse(l).id);

describe('a note', () => {
	it('is given by a, seen in the list and in the delivery, and found', async () => {
		await inspector();
		await t.keys('k', 'a');
		await t.until(/note: .*about #2; note:WORD finds it/);
		await t.type('ask Anna: why twice?');
		await t.keys('Enter');
		await t.until(/^>n/m);
		await t.until(/#2 has the note/);
		await t.keys('k', 'j');
		await t.until(/#2 {2}note {2}ask Anna: why twice\?/);
		await t.keys('Enter');
		await t.until(/Note {2}ask Anna: why twice\?/);
		assert.deepEqual(await list('note:anna'), [2]);
		assert.deepEqual(await list('note:"why twice"'), [2]);
		assert.deepEqual(await list('-has:note'), [1, 3]);
		await t.keys('a');
		await t.until(/note: ask Anna: why twice\?/);
		await t.keys('C-u', 'Enter');
		await t.until((s) => !/Note {2}/.test(s));
		assert.deepEqual(await list('has:note'), []);
	});
});

describe('tags', () => {
	it('are given by T, and by :tag to what is marked; columns show them, and the host', async () => {
		await inspector({ columns: 120, rows: 30 });
		await t.keys('g', 'T');
		await t.until(/tags: .*of #1, as: bug/);
		await t.type('bug, late bug');
		await t.keys('Enter');
		await t.until(/#1 has the tags/);
		await t.keys('m', 'j', 'm');
		await t.until(/2 marked/);
		await t.keys(':');
		await t.type('tag seen');
		await t.keys('Enter');
		await t.until(/2 with the tag seen/);
		await t.keys('o', 'g', 'h', 'Escape');
		await t.until(/^ +11-20.* HOST .* TAG /m);
		await t.until(/hooks\.example\.com +bug late seen/);
		assert.deepEqual(await list('tag:bug'), [1]);
		assert.deepEqual(await list('tag:seen'), [1, 2]);
		await t.keys(':');
		await t.type('untag late');
		await t.keys('Enter');
		await t.until(/2 without the tag late/);
		await t.until(/bug seen/);
		await t.keys('f');
		await t.type('has:tag tag:bug');
		await t.keys('Enter');
		await t.until((s) => /first/.test(s) && !/second/.test(s));
	});

	it('columns come in the order that was typed, now and the next time', async () => {
		await inspector({ columns: 120, rows: 30 });
		await t.keys(':');
		await t.type('set columns tag took event size host');
		await t.keys('Enter');
		await t.until(/^ +11-20 +STAT TAG +TOOK EVENT \/ PATH +SIZE HOST *$/m);
		await t.keys('q');
		await inspector({ columns: 120, rows: 30 });
		await t.until(/^ +11-20 +STAT TAG +TOOK EVENT \/ PATH +SIZE HOST *$/m);
		await t.keys(':');
		await t.type('set columns took nonsense');
		await t.keys('Enter');
		await t.until(/no column is called "nonsense"/);
		await t.keys(':');
		await t.type('set columns usual');
		await t.keys('Enter');
		await t.until(/^ +11-20 +STAT METHOD SOURCE +EVENT \/ PATH +ATT +TOOK +SIZE *$/m);
	});

	it('and notes are in show, in exports, and come back by import', async () => {
		await inspector();
		await t.keys('g', ':');
		await t.type('note sk_live_4eC39HqLyjWDarjtT1zdp7dc and more');
		await t.keys('Enter');
		await t.until(/#1 has the note/);
		const shown = await w.creel(['show', '1', '--db', db]);
		assert.match(shown.text, /^ {2}note +sk_live_.* and more$/m);
		assert.match(shown.text, /^ {2}tags +bug seen$/m);
		const json = JSON.parse((await w.creel(['show', '1', '--db', db, '--json'])).text);
		assert.deepEqual([json.note.slice(0, 8), json.tags], ['sk_live_', ['bug', 'seen']]);
		for (const format of ['ndjson', 'har']) {
			const file = w.path(`labels.${format}`), other = w.path(`labels-${format}.db`);
			assert.equal((await w.creel(['export', '1', '2', '--db', db, '--format', format, '-o', file])).code, 0);
			assert.equal((await w.creel(['import', file, '--db', other])).code, 0);
			const back = JSON.parse((await w.creel(['show', '1', '--db', other, '--json'])).text);
			assert.deepEqual([back.note, back.tags], [json.note, json.tags]);
		}
		assert.equal(JSON.parse(readFileSync(w.path('labels.har'), 'utf8')).log.entries[0].comment, json.note);
		const redacted = await w.creel(['export', '1', '--db', db, '--format', 'ndjson', '--redact', '-o', '-']);
		assert.doesNotMatch(redacted.text, /4eC39Hq/);
		assert.match(redacted.text, / and more/);
	});

	it('that no record can hold are refused when a file brings them', async () => {
		const file = w.path('labels.ndjson'), line = JSON.parse(readFileSync(file, 'utf8').split('\n')[0]);
		for (const [change, says] of [[{ note: 'n'.repeat(2001) }, /a note has 2000 bytes at most/], [{ note: 7 }, /"note" is not a text/], [{ tags: 'bug' }, /"tags" is not a list/], [{ tags: [1] }, /a tag is not a text/], [{ tags: ['t'.repeat(101)] }, /a tag has 100 bytes at most/]]) {
			const r = await w.creel(['import', '-', '--db', w.path('odd.db')], { input: JSON.stringify({ ...line, ...change }) });
			assert.equal(r.code, 2, r.text + r.err);
			assert.match(r.text + r.err, says);
		}
	});
});
