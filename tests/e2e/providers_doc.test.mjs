// shared/signature/PROVIDERS.md says of each form what its row says; and a provider is known by its row, a sample and the
// documents alone: no code names it, but for what handshakes and samples are about.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { rows } from './lib/provider_table.mjs';

const root = new URL('../../', import.meta.url);
const read = (path) => readFileSync(new URL(path, root), 'utf8');
const provider = (row) => row.name.split(' ')[0];

describe('PROVIDERS.md', () => {
	const doc = read('shared/signature/PROVIDERS.md');
	const table = doc.slice(doc.indexOf('## Forms'), doc.indexOf('## Particular'));
	const lines = new Map(table.split('\n').filter((l) => /^\| (?!form|-)/.test(l)).map((l) => [l.split(' | ')[0].slice(2), l]));
	const short = (text) => text.replace(/notificationItems\[[#0]\]\.NotificationRequestItem\./g, '…').replace(/\|/g, '\\|');

	it('has a line a form, and no other', () => assert.deepEqual([...lines.keys()].sort(), rows.map((r) => r.name).sort()));

	it('says what the rows say', () => {
		for (const row of rows) {
			const cells = lines.get(row.name).split(/(?<!\\)\|/).map((c) => c.trim());
			const [, , signature, signed, , limit, event, id, waits, again, known] = cells;
			if (!row.unchecked) {
				assert.ok(signature.includes(row.field ? `\`${row.field}\`` : short(row.places[0])), `${row.name}: ${signature}`);
				if (row.content !== undefined) assert.equal(signed, `\`${short(row.content) || '–'}\``, row.name);
			}
			assert.equal(limit, row.age ? `${row.age} s` : '–', row.name);
			assert.equal(event, short(row.events?.join(', ') ?? '–'), row.name);
			assert.equal(id, short(row.ids?.join(', ') ?? '–'), row.name);
			assert.equal(waits, row.waits_ms ? `${row.waits_ms / 1000} s` : '–', row.name);
			assert.equal(again, row.retries ?? '–', row.name);
			assert.match(known, row.hidden ? /^$/ : /^[LDdm](,D)?$/, row.name);
		}
	});
});

describe('another provider', () => {
	const names = new Set(rows.map(provider));
	const samples = new Set(readdirSync(new URL('client/samples', root)).map((f) => f.split('.')[0]));

	it('has a sample', () => assert.deepEqual(rows.filter((r) => !r.hidden && !samples.has(r.name)).map((r) => r.name), []));

	it('touches the table, a sample and the documents, and nothing else', () => {
		// What is particular to one: handshakes, the URL as two libraries write it, which sample a bare name means, other names.
		const particular = { 'client/origin/challenge_post.c': 13, 'client/origin/challenge_get.c': 8, 'shared/signature/signature.c': 2, 'shared/signature/signature_table.c': 5,
			// Whose events are meant first by a misspelled name.
			'client/trigger/sample_hints.c': 7 };
		const found = {};
		const files = execFileSync('git', ['ls-files', '*.c', '*.h'], { cwd: fileURLToPath(root), encoding: 'utf8' }).split('\n');
		for (const file of files.filter((f) => /^(shared|client|tui|relay)\//.test(f))) {
			const named = new Set([...read(file).replace(/\/\*[^]*?\*\//g, '').matchAll(/"([a-z0-9-]+)"/g)].map(([, s]) => s).filter((s) => names.has(s)));
			if (named.size) found[file] = [...named];
		}
		assert.deepEqual(Object.entries(found).filter(([file, list]) => list.length > (particular[file] ?? 0)).map(([file, list]) => `${file} names ${list}`), []);
	});
});
