// creel replay's pace and manners: in an editor first, several at once, so many a second, at the originals' gaps, again
// on each saved file; a bar on a terminal; Ctrl-C.
import assert from 'node:assert/strict';
import { appendFileSync, chmodSync, mkdirSync, readdirSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, afterEach, before, describe, it } from 'node:test';
import { binDir, waitFor, World } from './lib/harness.mjs';
import { field, post, Receiver } from './lib/http.mjs';
import { openRoad } from './lib/road.mjs';
import { Terminal } from './lib/tmux.mjs';

const ALL = Buffer.from([...Array(256).keys()]);
const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
const NOT_OK = 'HTTP/1.1 500 No\r\nContent-Length: 2\r\n\r\nno';

describe('replay', () => {
	let w, app, db;
	const terminals = [];
	const base = () => ['--to', String(app.port), '--db', db];
	const replay = (args, options) => w.creel(['replay', ...args, ...base()], options);
	const spawn = (args) => w.spawn('creel', ['replay', ...args, ...base()]);
	const count = async () => (await w.list(9999, { args: ['--db', db] })).length;
	const script = (text) => {
		const file = w.fresh('editor');
		writeFileSync(file, `#!/bin/sh\n${text}\n`);
		chmodSync(file, 0o700);
		return file;
	};
	/** The app keeps its answers back until it is told. */
	const hold = () => {
		const held = [];
		app.answer = (request, socket) => held.push(socket);
		return held;
	};

	before(async () => {
		w = new World();
		app = w.keep(await Receiver.start());
		db = w.path('replay.db');
		// Received at 0, 300, 1000, 1000 ms; the last first in the file.
		const line = (n, ms, body, more = {}) => JSON.stringify({ received_at: `2026-11-23T13:42:0${(ms / 1000).toFixed(3)}Z`, method: 'POST', target: `/hook/${n}`,
			request: { headers: [['Host', 'x'], ['X-N', String(n)], ['Content-Length', String(Buffer.byteLength(body))]], ...(typeof body === 'string' ? { body } : { body_base64: body.toString('base64') }), ...more } });
		const text = [line(1, 1000, '{"a":1}'), line(2, 0, 'two'), line(3, 300, ALL), line(4, 1000, 'four')].join('\n');
		const r = await w.creel(['import', '-', '--db', db], { input: text });
		assert.equal(r.code, 0, r.err);
	});
	afterEach(() => {
		app.answer = null;
		app.requests.length = 0;
	});
	after(async () => {
		for (const t of terminals) await t.close();
		await w?.close();
	});

	describe('--edit', () => {
		const edit = async (editor, args = ['1'], env = {}) => {
			const tmp = w.fresh('tmp');
			mkdirSync(tmp);
			const r = await replay([...args, '--edit'], { env: { CREEL_EDITOR: editor, TMPDIR: tmp, ...env } });
			assert.deepEqual(readdirSync(tmp), [], 'nothing is left of it');
			return r;
		};

		it('what the editor leaves is sent; the original stays', async () => {
			const before = await w.creelOut(['show', '1', '--raw', '--db', db]);
			const r = await edit(`sed -i -e 's/"a":1/"a":1,"b":22/; s|^POST /hook/1|PUT /other|; /^X-N:/d'`);
			assert.equal(r.code, 0, r.err);
			const [got] = app.requests;
			assert.equal(got.requestLine, 'PUT /other HTTP/1.1');
			assert.equal(got.body.toString(), '{"a":1,"b":22}');
			assert.equal(field(got.lines, 'content-length'), '14');
			assert.equal(field(got.lines, 'x-n'), undefined);
			assert.deepEqual(await w.creelOut(['show', '1', '--raw', '--db', db]), before);
			assert.equal((await w.list(1, { args: ['--db', db] }))[0].replay_of, 1);
		});

		it('unchanged it is sent as it was; a body that is not text lies in a file beside', async () => {
			assert.equal((await edit('true', ['3'])).code, 0);
			assert.deepEqual(app.requests[0].body, ALL);
			const editor = script('grep -q "^< body.bin$" "$1" && printf "\\0\\377" > "${1%/*}/body.bin"');
			assert.equal((await edit(editor, ['3'])).code, 0);
			assert.deepEqual(app.requests[1].body, Buffer.from([0, 255]));
			assert.equal(field(app.requests[1].lines, 'content-length'), '2');
		});

		it('VISUAL, EDITOR and words with options are taken; --times sends what was edited so often', async () => {
			const r = await edit('', ['--last', '--times', '2'], { VISUAL: '', EDITOR: `${script('sed -i "$@"')} -e s/four/five/` });
			assert.equal(r.code, 0, r.err);
			assert.deepEqual(app.requests.map((q) => q.body.toString()), ['five', 'five']);
		});

		it('given up: nothing is sent, nothing goes on record', async () => {
			const had = await count();
			for (const [editor, code, words] of [
				['false', 1, /^creel: nothing was sent: the editor ended with 1\n$/],
				['truncate -s 0', 1, /^creel: nothing was sent: the request was emptied\n$/],
				['kill -9 $$; :', 1, /the editor ended with 137/],
				["sed -i -e '2s/.*/no field/'", 2, /^creel: nothing was sent: line 2: a header field is Name: value\n$/],
				["sed -i -e '1s/.*/GET/'", 2, /line 1: a request begins with METHOD TARGET HTTP\/1\.1/],
				['no-such-editor-here', 2, /there is no editor 'no-such-editor-here'/],
			]) {
				const r = await edit(editor);
				assert.equal(r.code, code, `${editor}: ${r.err}`);
				assert.match(r.err.replace(/^sh: .*\n/m, ''), words);
				assert.equal(r.text, '');
			}
			assert.equal(await count(), had);
			assert.equal(app.requests.length, 0);
		});

		it('on a terminal what is wrong may be edited again', async () => {
			const state = w.fresh('state');
			const editor = script(`if test -e ${state}; then sed -i -e '2s/.*/X-Mended: yes/' "$1"; else touch ${state}; sed -i -e '2s/.*/no field/' "$1"; fi`);
			const t = await Terminal.start({ command: [path.join(binDir, 'creel'), 'replay', '1', '--edit', ...base()], env: { ...w.env, CREEL_EDITOR: editor } });
			terminals.push(t);
			await t.until(/line 2: a header field is Name: value\. Edit again\? \[Y\/n\]/);
			await t.keys('Enter');
			assert.equal(await t.ended(), '0');
			assert.equal(field(app.requests[0].lines, 'x-mended'), 'yes');
		});
	});

	it('--parallel: so many at once and no more', async () => {
		const held = hold();
		const p = spawn(['1', '2', '3', '4', '--times', '2', '--parallel', '3']);
		for (let sent = 0; sent < 8; ) {
			const wanted = Math.min(3, 8 - sent);
			await waitFor(`${wanted} at once`, () => held.length === wanted);
			assert.equal(app.requests.length, sent + wanted); // none beyond them
			sent += wanted;
			for (const socket of held.splice(0)) socket.write(OK);
		}
		assert.equal((await p.end()).code, 0);
		assert.equal(p.stdout.toString().trimEnd().split('\n').length, 8);
		assert.deepEqual(app.requests.map((q) => q.target).sort(), [1, 1, 2, 2, 3, 3, 4, 4].map((n) => `/hook/${n}`));
	});

	it('without it one after another, in order', async () => {
		const held = hold();
		const p = spawn(['4', '2', '1']);
		for (let n = 1; n <= 3; n++) {
			await waitFor('the next', () => held.length === 1);
			assert.equal(app.requests.length, n);
			held.pop().write(OK);
		}
		assert.equal((await p.end()).code, 0);
		assert.deepEqual(app.requests.map((q) => q.target), ['/hook/4', '/hook/2', '/hook/1']);
	});

	/** The times at which requests came, in ms after the first. */
	const arrivals = async (args) => {
		const at = [];
		app.answer = (request, socket) => {
			at.push(performance.now());
			socket.write(OK);
		};
		const r = await replay(args);
		assert.equal(r.code, 0, r.err);
		return at.map((t) => t - at[0]);
	};

	it('--rate: no more a second', async () => {
		const at = await arrivals(['1', '--times', '9', '--rate', '10']);
		assert.equal(at.length, 9);
		assert.ok(at[8] > 300 && at[8] < 10_000, `${at}`); // 800 ms, less what the first was late
	});

	it('--rate: a slow answer does not hold up the next', async () => {
		const held = hold();
		const p = spawn(['1', '--times', '4', '--rate', '100']);
		await waitFor('all four', () => held.length === 4);
		for (const socket of held) socket.write(OK);
		assert.equal((await p.end()).code, 0);
	});

	it('--speed: the originals\' gaps, so many times as fast, in the order in which they came', async () => {
		const at = await arrivals(['1', '2', '3', '--speed', '1']);
		assert.deepEqual(app.requests.map((q) => q.target), ['/hook/2', '/hook/3', '/hook/1']);
		assert.ok(at[1] > 100 && at[2] - at[1] > 250 && at[2] < 10_000, `${at}`); // 300 and 700 ms
		const fast = await arrivals(['--where', 'is:import', '--speed', '0.9x']);
		assert.ok(fast[3] > 500, `${fast}`);
	});

	describe('--watch', () => {
		let folder;
		const begin = async (...args) => {
			folder = w.fresh('watched');
			mkdirSync(path.join(folder, 'src'), { recursive: true });
			const p = spawn(['1', '--watch', folder, ...args]);
			await again(p, 1);
			return p;
		};
		const again = (p, times) => waitFor(() => `round ${times}; stderr: ${p.err}`, () => p.err.split('not 2xx yet').length - 1 === times);

		it('again on each saved file, in old and new folders, until the answer is 2xx', async () => {
			app.answer = (request, socket) => socket.write(NOT_OK);
			const p = await begin();
			assert.match(p.err, /^creel: not 2xx yet: sent again when a file below the folder is saved\n$/);
			writeFileSync(path.join(folder, 'src', 'a.c'), 'one');
			await again(p, 2);
			mkdirSync(path.join(folder, 'new', 'deep'), { recursive: true });
			await again(p, 3);
			writeFileSync(path.join(folder, 'new', 'deep', 'b.c'), 'two');
			await again(p, 4);
			// As editors do it: beside, then into its place.
			writeFileSync(path.join(folder, 'src', '.a.c.swp'), 'three');
			app.answer = null;
			renameSync(path.join(folder, 'src', '.a.c.swp'), path.join(folder, 'src', 'a.c'));
			assert.equal((await p.end()).code, 0);
			assert.equal(app.requests.length, 5);
			p.checkSanitizers();
		});

		it('several changes at once are one', async () => {
			app.answer = (request, socket) => socket.write(NOT_OK);
			const p = await begin();
			for (let i = 0; i < 50; i++) {
				writeFileSync(path.join(folder, 'src', `${i}.c`), 'x');
				await new Promise(setImmediate);
			}
			await again(p, 2);
			app.answer = null;
			writeFileSync(path.join(folder, 'src', 'last.c'), 'x');
			assert.equal((await p.end()).code, 0);
			assert.equal(app.requests.length, 3);
		});

		it('an app that is not there is not the end of it', async () => {
			const gone = await Receiver.start();
			await gone.close();
			folder = w.fresh('watched');
			mkdirSync(folder);
			const p = w.spawn('creel', ['replay', '1', '--watch', folder, '--to', String(gone.port), '--db', db, '--wait-for-target', '10ms']);
			await again(p, 1);
			assert.match(p.err, /^creel: .*nothing is listening/);
			const back = w.keep(await Receiver.start({ port: gone.port }));
			writeFileSync(path.join(folder, 'a'), '');
			assert.equal((await p.end()).code, 0, p.err);
			assert.equal(back.requests.length, 1);
		});

		it('what the app writes itself when it is called does not keep it going', async () => {
			app.answer = (request, socket) => {
				appendFileSync(path.join(folder, 'src', 'app.log'), 'called\n');
				socket.write(NOT_OK);
			};
			const p = await begin();
			await waitFor(() => `the sentence; stderr: ${p.err}`, () => /src\/app\.log changes whenever the app is called, so it is not watched/.test(p.err));
			app.answer = null;
			writeFileSync(path.join(folder, 'src', 'a.c'), 'x');
			assert.equal((await p.end()).code, 0);
		});

		it('Ctrl-C ends it with 130', async () => {
			app.answer = (request, socket) => socket.write(NOT_OK);
			const p = await begin();
			p.signal('SIGINT');
			assert.equal((await p.end()).code, 130);
			p.checkSanitizers();
		});
	});

	it('Ctrl-C: 130, how many were sent, what was under way on record as cancelled', async () => {
		const held = hold();
		const had = await count();
		const p = spawn(['1', '--times', '6', '--parallel', '2']);
		await waitFor('two', () => held.length === 2);
		held[0].write(OK);
		await waitFor('a third', () => held.length === 3);
		const asked = Date.now();
		await waitFor('time to go by in which no byte comes', () => Date.now() - asked > 700);
		p.signal('SIGINT');
		assert.equal((await p.end()).code, 130);
		assert.equal(p.err, 'creel: interrupted: 1 of 6 sent, 2 more broken off\n');
		assert.equal(await count(), had + 3);
		assert.equal(app.requests.length, 3);
		for (const row of await w.list(2, { args: ['--db', db] })) assert.ok(row.duration_ms >= 700, `broken off after ${row.duration_ms} ms`);
		p.checkSanitizers();
	});

	it('a bar on a terminal while it takes long, gone at its end; none into a pipe', async () => {
		const held = hold();
		const t = await Terminal.start({ command: [path.join(binDir, 'creel'), 'replay', '1', '--times', '3', ...base()], env: w.env });
		terminals.push(t);
		await t.until(/\[\.+\] 0\/3/);
		held.pop().write(NOT_OK);
		await t.until(/\[#+\.+\] 1\/3 {2}1 failed/);
		for (let n = 2; n <= 3; n++) {
			await waitFor('the next', () => held.length === 1);
			held.pop().write(OK);
		}
		assert.equal(await t.ended(), '0');
		// With its history: tmux moves lines up when a program has ended.
		const shown = await waitFor('three lines', async () => {
			const screen = await t.screen('-S', '-50');
			return screen.match(/POST/g)?.length === 3 && screen;
		});
		assert.ok(!shown.includes('/3') && !shown.includes('[#'), shown);
		const p = spawn(['1']);
		await waitFor('it', () => held.length === 1);
		held.pop().write(OK);
		assert.equal((await p.end()).code, 0);
		assert.equal(p.err, '');
	});

	it('through a running client as well: edited, several at once, stopped', async () => {
		const road = await openRoad({ name: 'r' });
		try {
			await post(road.relay.port, '/r/live', 'one');
			const { id } = await road.w.recorded((r) => r.state === 'delivered');
			const r = await road.w.creel(['replay', String(id), '--edit'], { env: { CREEL_EDITOR: 'sed -i -e s/one/edited/' } });
			assert.equal(r.code, 0, r.err);
			assert.equal(road.app.requests[1].body.toString(), 'edited');
			assert.equal(field(road.app.requests[1].lines, 'content-length'), '6');
			const held = [];
			road.app.answer = (request, socket) => held.push(socket);
			const p = road.w.spawn('creel', ['replay', String(id), '--times', '5', '--parallel', '2']);
			await waitFor('two', () => held.length === 2);
			for (const socket of held.splice(0)) socket.write(OK);
			await waitFor('two more', () => held.length === 2);
			p.signal('SIGINT');
			for (const socket of held.splice(0)) socket.write(OK);
			assert.equal((await p.end()).code, 130);
			assert.match(p.err, /^creel: interrupted: [234] of 5 sent(, [12] more broken off)?\n$/);
			assert.ok(road.app.requests.length <= 6);
			road.app.answer = null;
			await road.w.endsCleanly();
		} finally {
			await road.w.close();
		}
	});

	it('wrong use: one sentence, 2, and nothing is sent', async () => {
		const file = w.fresh('file');
		writeFileSync(file, '');
		for (const [args, words] of [
			[['1', '--parallel', '0'], /--parallel must be at least 1/], [['1', '--parallel', '65'], /--parallel must be at most 64/],
			[['1', '--rate', '0'], /--rate takes a number above 0/], [['1', '--rate', 'fast'], /--rate takes a number above 0.*'fast'/],
			[['1', '--rate', 'nan'], /--rate takes/], [['1', '--rate', '1e9'], /--rate takes/], [['1', '--speed', '-1'], /--speed takes/],
			[['1', '--speed', '2', '--rate', '2'], /contradict/], [['1', '--speed', '2', '--times', '2'], /--times/],
			[['1', '2', '--edit'], /--edit takes one delivery/], [['--last', '2', '--edit'], /--edit takes one/], [['--where', 'is:import', '--edit'], /--edit takes one/],
			[['1', '--edit', '--body', `@${file}`], /contradict/],
			[['1', '--watch', file], /--watch takes a folder/], [['1', '--watch', w.path('nothing')], /--watch takes a folder/],
		]) {
			const r = await replay(args);
			assert.equal(r.code, 2, `${args.join(' ')}: ${r.err}`);
			assert.match(r.err, /^creel: .*\n$/);
			assert.match(r.err, words);
			assert.equal(r.text, '');
		}
		assert.equal(app.requests.length, 0);
	});

	it('help names every option', async () => {
		const { text } = await w.creel(['replay', '--help']);
		for (const option of ['--edit', '--parallel', '--rate', '--speed', '--watch']) assert.ok(text.includes(option), option);
	});
});
