// The workbench from outside: what a terminal gets, output that cannot be written, words that are not known, and the
// README's lines for CI as they stand there.
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { binDir } from './lib/harness.mjs';
import { post } from './lib/http.mjs';
import { openRoad } from './lib/road.mjs';

const creel = path.join(binDir, 'creel');

describe('the workbench', () => {
	let road, evil, text;
	const terminal = async (...args) => (await road.w.run('script', process.platform === 'linux'
		? ['-qec', [creel, ...args].join(' '), '/dev/null'] : ['-q', '/dev/null', creel, ...args])).text;
	before(async () => {
		road = await openRoad({ name: 'bench' });
		await post(road.relay.port, '/bench/evil', '{"a":"\u009b31m\u202e\x7f\u{e0001}é"}\x1b[2J\n', ['X-Evil: a\xc2\x9bb\xe2\x80\xae']);
		evil = await road.w.recorded((r) => r.target === '/evil' && r.state === 'delivered');
		await post(road.relay.port, '/bench/text', '31m\n', ['X-Evil: a\xc2\x9bb']); // a .http file can hold it
		text = await road.w.recorded((r) => r.target === '/text' && r.state === 'delivered');
	});
	after(() => road?.w.close());

	it('no format and no --json reaches a terminal raw, and JSON stays what it is', async () => {
		const id = String(evil.id);
		const raw = /[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202e\u{e0001}]/u;
		for (const args of [['show', id, '--json'], ['list', '--json', `id:${id}`], ['export', id, '--format', 'har'], ['export', id, '--format', 'ndjson'],
			['export', String(text.id), '--format', 'http'], ['export', id, '--format', 'body'], ['export', id, '--format', 'curl'], ['diff', id, id, '--json']]) {
			const shown = await terminal(...args);
			assert.match(shown, /evil|31m|equal/);
			assert.doesNotMatch(shown, raw, args.join(' '));
			const piped = (await road.w.creel(args)).stdout;
			if (args.includes('har') || args.includes('ndjson') || args.includes('--json'))
				assert.deepEqual(JSON.parse(shown), JSON.parse(piped.toString()), args.join(' '));
		}
		assert.ok((await road.w.creel(['export', id, '--format', 'body'])).stdout.includes('\x1b[2J'));
		assert.ok((await road.w.creel(['show', id, '--json'])).text.includes('\u009b'), 'a pipe gets it as it is');
		assert.ok((await terminal('show', id, '--json')).includes('é'), 'letters are not escaped');
	});

	it('whatever cannot write its output says so and ends with 4', async () => {
		const har = road.w.path('a.har');
		const id = String(evil.id);
		assert.equal((await road.w.creel(['export', id, '-o', har])).code, 0);
		for (const args of ['list', `show ${id}`, 'help', 'list --help', 'version', 'status', 'prune --dry-run', `import ${har}`, `replay ${id}`,
			`replay ${id} --json`, `diff ${id} ${id} --json`, 'trigger --list', 'wait --since all', `export ${id} --format curl`]) {
			for (const [out, words] of [['>/dev/full', 'No space left on device'], ['>&-', 'Bad file descriptor']]) {
				const r = await road.w.run('sh', ['-c', `'${creel}' ${args} ${out}`]);
				assert.equal(r.code, 4, `${args} ${out}: ${r.err}`);
				assert.match(r.err, new RegExp(`creel: (the|standard) output cannot be written: ${words}\n$`), args);
			}
		}
	});

	it('a name that is like nothing is not taken for a name', async () => {
		const secret = road.w.path('secret');
		writeFileSync(secret, 'x');
		for (const [args, words] of [
			[['verify', '1', '--secret', `@${secret}`, '--provider', 'nope'], /'nope' is not known; `creel/],
			[['verify', '1', '--secret', `foo=@${secret}`], /'foo' is not known; `creel/],
			[['verify', '1', '--secret', `gihub=@${secret}`], /did you mean github\?/],
			[['trigger', 'nosuch'], /no sample 'nosuch'; `creel/], [['trigger', ''], /no sample ''; `creel/],
			[['trigger', 'strip.invoice.paid'], /did you mean stripe.invoice.paid/],
		]) {
			const r = await road.w.creel(args);
			assert.equal(r.code, 2);
			assert.match(r.err, words);
		}
	});

	it('a folder of templates that is named has to be there', async () => {
		const none = road.w.path('none');
		for (const args of [['--list'], ['github.ping']]) {
			const r = await road.w.creel(['trigger', ...args, '--templates', none]);
			assert.equal(r.code, 2);
			assert.match(r.err, /^creel: the folder of templates \/.*none cannot be read: No such file/);
			assert.equal(r.text, '');
		}
		mkdirSync(none);
		assert.equal((await road.w.creel(['trigger', '--list', '--templates', none])).code, 0);
	});
});
