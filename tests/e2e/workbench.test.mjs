// The workbench from outside: what a terminal gets, output that cannot be written, words that are not known, and the
// README's lines for CI as they stand there.
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { World, binDir, root } from './lib/harness.mjs';
import { Receiver, post } from './lib/http.mjs';
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

	it('a store that is there and cannot be read is told by trigger, too; an option without a value', async () => {
		const bad = road.w.path('bad.db');
		writeFileSync(bad, 'SQLite format 3\0and so on');
		for (const [args, code, words] of [
			[['trigger', 'github.ping', '--db', bad], 4, /bad\.db cannot be read: it is not a database of creel/],
			[['trigger', 'github.ping', '--db', road.w.path('no.db')], 2, /no tunnel is online/],
			[['list', '--json=x'], 2, /^creel: --json takes no value; see creel list --help\n$/],
		]) {
			const r = await road.w.creel(args);
			assert.match(r.err, words);
			assert.equal(r.code, code);
		}
	});

	it('a ready file that cannot be made is no wait for ever', async () => {
		const r = await road.w.creel(['listen', '1', '--relay', `http://127.0.0.1:${road.relay.port}`, '--ready-file', road.w.path('no', 'ready')]);
		assert.equal(r.code, 2);
		assert.match(r.err, /^creel: the ready file .*no\/ready cannot be written: No such file or directory\n$/);
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

describe('the README\'s lines for CI', () => {
	const script = /## In CI[^]*?```sh\n([^]*?)```/.exec(readFileSync(path.join(root, 'README.md'), 'utf8'))?.[1];
	const run = async (answer) => {
		const w = new World();
		try {
			const app = w.keep(await Receiver.start({ answer: (request, socket) => {
				const body = `got ${JSON.parse(request.body).data.object.amount_paid}`;
				socket.write(`HTTP/1.1 ${answer} X\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
			} }));
			const folder = w.fresh('ci');
			mkdirSync(folder);
			writeFileSync(path.join(folder, 'stripe.secret'), 'whsec_of_ci');
			const r = await w.run('sh', ['-c', script], { cwd: folder, env: { PORT: String(app.port), PATH: `${binDir}:${w.env.PATH}`, TMPDIR: folder } });
			return { ...r, called: app.requests.length };
		} finally {
			await w.close();
		}
	};

	it('are ten at most', () => assert.ok(script && script.trim().split('\n').length <= 10));

	it('hold for an app that answers as they want it', async () => {
		const r = await run(200);
		assert.equal(r.code, 0, r.err);
		assert.equal(r.called, 1);
	});

	it('end with another status for one that does not', async () => {
		const r = await run(500);
		assert.equal(r.code, 1, r.err);
		assert.equal(r.called, 1);
	});
});
