// No core dump holds a token: both programs run with a soft limit of 0, undumpable on Linux, and what they start for the
// user (--exec, an editor) has the user's own limit. Tried with programs that are built without AddressSanitizer's
// exception, build/asan/undumpable (see the Makefile).
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { World, binDir, waitFor } from './lib/harness.mjs';
import { Receiver, post } from './lib/http.mjs';

const here = path.join(binDir, 'undumpable');
// LeakSanitizer looks into its own process, which is what is forbidden here; and no sanitizer sets the limit itself.
const ASAN_OPTIONS = 'detect_leaks=0:exitcode=99:disable_coredump=0:handle_abort=0';
const limit = (text) => /^Max core file size +(\S+) +(\S+)/m.exec(text).slice(1);
/** Why it cannot be tried here: a hard limit of 0 (`ulimit -Hc`) lets no test raise the soft one. */
const cannot = () => process.platform !== 'linux' ? '/proc is of Linux'
	: limit(readFileSync('/proc/self/limits', 'utf8'))[1] !== 'unlimited' && 'core files have a hard limit here (ulimit -Hc), which no soft one can pass';

describe('core dumps', { skip: cannot() }, () => {
	let w, app, relay, client;
	/** Runs it with that soft limit. */
	const limited = (soft, program, args, { env, then = 'exec "$@"', cwd } = {}) =>
		w.spawn('bash', ['-c', `ulimit -S -c "$1" || exit 77; shift; ${then}`, 'bash', soft, path.join(here, program), ...args], { cwd, env: { ASAN_OPTIONS, ...env } });
	/** As a child of bash, which says when it dumped its core. */
	const CHILD = '"$@"; echo "ended with $?" >&2';
	const childOf = async (p) => Number(await waitFor(() => `the program of ${p.name}: ${p.err}`, () => {
		const text = existsSync(`/proc/${p.pid}/task/${p.pid}/children`) ? readFileSync(`/proc/${p.pid}/task/${p.pid}/children`, 'utf8').trim() : '';
		return text && existsSync(`/proc/${text}/comm`) && readFileSync(`/proc/${text}/comm`, 'utf8').startsWith('creel') && text;
	}));

	before(async () => {
		w = new World();
		app = w.keep(await Receiver.start());
		const portFile = w.path('port'), ready = w.path('ready');
		relay = limited('unlimited', 'creel-relay', ['serve', '--listen', '127.0.0.1:0', '--data', w.path('relay'), '--port-file', portFile]);
		relay.port = Number((await w.fileFrom(relay, portFile)).split(':').at(-1));
		relay.kind = 'relay';
		client = limited('4096', 'creel', ['listen', String(app.port), '--relay', `http://127.0.0.1:${relay.port}`, '--name', 'cores', '--output', 'quiet',
			'--ready-file', ready, '--exec', `cp /proc/self/limits ${w.path('exec-limits')}`]);
		client.kind = 'client';
		await w.fileFrom(client, ready);
	});
	after(async () => {
		try {
			await w?.endsCleanly();
		} finally {
			await w?.close();
		}
	});

	it('both programs: a soft limit of 0, the hard one as it was', async () => {
		for (const p of [relay, client]) {
			const [soft, hard] = limit(readFileSync(`/proc/${p.pid}/limits`, 'utf8'));
			assert.equal(soft, '0');
			assert.equal(hard, limit(readFileSync('/proc/self/limits', 'utf8'))[1]);
		}
	});

	it('both programs: no other process of the same user looks into them', async () => {
		// The files of an undumpable process are root's; root itself must look as somebody else.
		for (const p of [relay, client]) assert.equal(statSync(`/proc/${p.pid}/environ`).uid, 0);
		if (process.getuid() === 0) {
			const folder = w.path('nobodys');
			await w.run('install', ['-d', '-o', '65534', '-g', '65534', folder]);
			const env = { ASAN_OPTIONS, XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder, XDG_STATE_HOME: folder, HOME: folder };
			const p = w.spawn(w.programForAll(path.join(here, 'creel')), ['wait', 'event:never', '--timeout', '60s', '--db', path.join(folder, 'x.db')], { env, uid: 65534, gid: 65534, cwd: '/' });
			await waitFor(() => `creel wait: ${p.err}`, () => {
				if (p.result) throw new Error(p.err);
				return limit(readFileSync(`/proc/${p.pid}/limits`, 'utf8'))[0] === '0' && statSync(`/proc/${p.pid}/environ`).uid === 0;
			});
			const seen = await w.run('cat', [`/proc/${p.pid}/environ`], { uid: 65534, gid: 65534, cwd: '/' });
			assert.notEqual(seen.code, 0, 'its environment can be read');
			await p.stop('SIGKILL');
		}
	});

	it('--exec runs with the user’s own limit', async () => {
		assert.equal((await post(relay.port, '/cores/x')).status, 200);
		const text = await w.fileFrom(client, w.path('exec-limits'));
		assert.equal(limit(text)[0], String(4096 * 1024));
	});

	it('so does the editor of replay --edit', async () => {
		const p = limited('4096', 'creel', ['replay', '1', '--edit', '--to', String(app.port)], { env: { CREEL_EDITOR: `cp /proc/self/limits ${w.path('editor-limits')}; true` } });
		assert.equal((await p.end()).code, 0, p.err);
		assert.equal(limit(readFileSync(w.path('editor-limits'), 'utf8'))[0], String(4096 * 1024));
	});

	for (const program of ['creel', 'creel-relay'])
		it(`${program}: a crash leaves no core`, async () => {
			const folder = w.fresh('crash');
			mkdirSync(folder);
			const args = program === 'creel' ? ['wait', 'event:never', '--timeout', '60s'] : ['serve', '--listen', '127.0.0.1:0', '--data', w.fresh('relay')];
			const p = limited('unlimited', program, args, { cwd: folder, then: CHILD });
			const pid = await childOf(p);
			await waitFor('it to have begun', () => limit(readFileSync(`/proc/${pid}/limits`, 'utf8'))[0] === '0' && statSync(`/proc/${pid}/environ`).uid === 0);
			process.kill(pid, 'SIGABRT');
			await p.end();
			assert.match(p.err, /ended with 134/);
			assert.doesNotMatch(p.err, /core dumped/);
			assert.deepEqual(readdirSync(folder), []);
		});
});
