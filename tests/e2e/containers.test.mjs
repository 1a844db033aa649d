// The images' root file systems: the programs alone, a numeric user, nothing writable but /data. Run by bwrap; with the static
// programs where they are built (`make dist`), else with this build's and their libraries.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { chownSync, cpSync, existsSync, mkdirSync, readFileSync, realpathSync, statSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { World, binDir, root, waitFor } from './lib/harness.mjs';
import { Receiver, post } from './lib/http.mjs';

const arch = process.arch === 'arm64' ? 'aarch64' : 'x86_64';
const areStatic = ['creel', 'creel-relay'].every((name) => existsSync(path.join(root, `build/dist/${arch}-linux-musl/creel`, name)));
const has = (program) => spawnSync('sh', ['-c', `command -v ${program}`]).status === 0;
const cannot = () => spawnSync('setpriv', ['--reuid=65532', '--regid=65532', '--clear-groups', 'bwrap', '--ro-bind', '/', '/', '--unshare-pid', 'true'], { encoding: 'utf8' }).stderr;
const why = !has('bwrap') ? 'there is no bwrap' : process.getuid() !== 0 ? 'needs root, for the user 65532' : cannot() || false;

/** The programs of this build with the libraries that they load, as a root file system. */
function layOut(to) {
	const plugin = execFileSync('sh', ['-c', 'ls /usr/lib/*/libwebsockets-evlib_uv.so 2>/dev/null || true'], { encoding: 'utf8' }).split('\n').filter(Boolean);
	mkdirSync(to);
	for (const name of ['creel', 'creel-relay']) cpSync(path.join(binDir, name), path.join(to, name));
	const libraries = execFileSync('ldd', [path.join(to, 'creel'), path.join(to, 'creel-relay'), ...plugin], { encoding: 'utf8' });
	for (const file of new Set([...plugin, ...[...libraries.matchAll(/(\/\S+) \(0x/g)].map(([, file]) => file)])) cpSync(realpathSync(file), path.join(to, file));
}

describe('containers', { skip: why }, () => {
	const w = new World();
	const file = readFileSync(path.join(root, '.packaging/container/Containerfile'), 'utf8');
	let app;
	before(async () => {
		if (areStatic) {
			execFileSync(path.join(root, '.packaging/container/build.sh'), { env: { ...process.env, LAYOUT_ONLY: '1' }, stdio: 'pipe' });
			cpSync(path.join(root, 'build/container'), w.path('root'), { recursive: true });
		} else {
			layOut(w.path('root'));
		}
		for (const name of ['data', 'dev', 'proc', 'tmp']) mkdirSync(w.path('root', name), { recursive: true }); // as every container has
		execFileSync('chmod', ['-R', 'go+rX', w.dir]);
		app = w.keep(await Receiver.start());
	});
	after(() => w.close());

	/** The arguments of bwrap that stand for the image's stage, with this folder as its volume. What runs inside ends with bwrap: it would hold our pipes open. */
	function image(stage, data) {
		const env = [...file.split('FROM scratch AS ').find((part) => part.startsWith(stage)).matchAll(/^ENV (.*)$/gm)].flatMap(([, all]) => all.split(' ')).flatMap((pair) => ['--setenv', ...pair.split('=')]);
		if (!existsSync(data)) mkdirSync(data);
		chownSync(data, 65532, 65532);
		return ['--clearenv', ...env, '--ro-bind', w.path('root'), '/', '--bind', data, '/data', '--dev', '/dev', '--proc', '/proc', '--unshare-pid', '--unshare-ipc', '--die-with-parent'];
	}
	const run = (stage, data, args, more = []) => ['setpriv', ['--reuid=65532', '--regid=65532', '--clear-groups', 'bwrap', ...image(stage, data), ...more, stage === 'relay' ? '/creel-relay' : '/creel', ...args]];

	it('what is copied is there, and the relay has at most 12 MB', { skip: !areStatic && 'the static programs are not built (make dist)' }, () => {
		for (const [, from] of file.matchAll(/^COPY (?:--\S+ )?(\S+)/gm)) assert.ok(existsSync(w.path('root', from)), from);
		assert.ok(statSync(w.path('root', 'creel-relay')).size < 12e6);
	});

	it('relay and client run with a root that cannot be written, and the health check asks the relay', async () => {
		const data = w.path('relay-data');
		const token = (await w.run(...run('relay', data, ['token', 'add', 'laptop']))).text.trim();
		assert.match(token, /^creel_/);
		assert.equal((await w.run(...run('relay', data, ['status']))).code, 1);
		const more = ['--setenv', 'CREEL_RELAY_LISTEN', '0.0.0.0:0', '--setenv', 'CREEL_RELAY_PORT_FILE', '/data/port'];
		const relay = w.spawn(...run('relay', data, ['serve'], more));
		const port = Number((await w.fileFrom(relay, path.join(data, 'port'))).split(':').at(-1));
		assert.equal((await w.run(...run('relay', data, ['status']))).code, 0);
		const store = w.path('client-data');
		const client = w.spawn(...run('client', store, ['listen', `http://127.0.0.1:${app.port}`, '--relay', `http://127.0.0.1:${port}`, '--name', 'shop', '--ready-file', '/data/ready', '--output', 'json'], ['--setenv', 'CREEL_TOKEN', token]));
		await w.fileFrom(client, path.join(store, 'ready'));
		assert.equal((await post(port, '/shop/hook', 'hello')).status, 200);
		await waitFor('the app to have it', () => app.requests.some((r) => String(r.body) === 'hello'));
	});

	const missing = ['buildah', 'podman', 'podman-compose', 'runc', 'gcc'].find((name) => !has(name));
	it('the images are built, and compose.yaml runs by podman', { skip: !areStatic ? 'the static programs are not built (make dist)' : missing && `there is no ${missing}`, timeout: 300_000 }, async () => {
		const r = await w.run(path.join(root, '.packaging/container/try.sh'), [], { timeoutMs: 290_000 });
		assert.equal(r.code, 0, r.text + r.err);
		assert.match(r.text, /a webhook went from outside to the app\n.*what waited came after both were stopped/s);
	});
});
