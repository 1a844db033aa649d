// creel-relay setup: what it asks, writes and finds.
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { World, binDir } from './lib/harness.mjs';
import { enterNetns, hasNetns } from './lib/netns.mjs';

describe('creel-relay setup', { skip: !hasNetns && 'needs a network of its own' }, () => {
	let w, config, data;
	before(async () => {
		w = new World();
		writeFileSync(w.path('hosts'), '127.0.0.1 localhost hooks.example.com\n192.0.2.9 away.example.com\n');
		await enterNetns(w, [], { hosts: w.path('hosts') });
	});
	after(() => w?.close());
	const setup = (args, { without, ...options } = {}) => {
		config ??= w.path('etc', 'relay.ini');
		data ??= w.fresh('relay');
		const program = path.join(binDir, 'creel-relay');
		return w.run('env', [...(without ? ['PATH=/nowhere'] : []), program, 'setup', '--config', config, '--data', data, '--systemd', w.path('systemd'), '--listen', '127.0.0.1:7443', '--acme-listen', '127.0.0.1:7080', ...args], options);
	};

	it('asks for what was not given, and prints the login line and the token', async () => {
		mkdirSync(w.path('systemd'));
		const r = await setup([], { input: 'hooks.example.com\nme@example.com\n' });
		assert.match(r.err, /The relay's name, for example.*A mail address/s);
		assert.match(r.err, /^ok hooks\.example\.com leads to 127\.0\.0\.1, this machine$/m);
		assert.match(r.err, /^ok 127\.0\.0\.1:7443 is free\nok 127\.0\.0\.1:7080 is free$/m);
		assert.match(r.text, /^creel login https:\/\/hooks\.example\.com:7443\ncreel_[0-9a-f]{64}\n$/);
		assert.doesNotMatch(r.err, /creel_[0-9a-f]/);
		assert.equal(readFileSync(config, 'utf8'), '[serve]\nlisten = 127.0.0.1:7443\npublic-url = https://hooks.example.com:7443\nacme = hooks.example.com\nacme-mail = me@example.com\nacme-listen = 127.0.0.1:7080\n');
		assert.match(readFileSync(w.path('systemd/creel-relay.service.d/acme.conf'), 'utf8'), /^\[Service\]\nLoadCredential=\nEnvironment=\n/m);
		assert.match(r.err, /systemctl daemon-reload && sudo systemctl enable --now creel-relay/);
		assert.equal(statSync(data).mode & 0o777, 0o700);
		assert.match((await w.run('creel-relay', ['token', 'list', '--data', data])).text, /^me /);
	});

	it('overwrites nothing unless told to, and keeps a token that is there', async () => {
		const again = await setup(['--name', 'hooks.example.com', '--mail', '']);
		assert.deepEqual([again.code, again.text], [2, '']);
		assert.match(again.err, /relay\.ini is there already: edit it, or overwrite it with --force/);
		const forced = await setup(['--name', 'hooks.example.com', '--mail', '', '--force']);
		assert.equal(forced.text, 'creel login https://hooks.example.com:7443\n');
		assert.doesNotMatch(readFileSync(config, 'utf8'), /acme-mail/);
	});

	it('says which check failed', async () => {
		await w.startRelay({ listen: '127.0.0.1:7443' });
		for (const [name, sentence] of [
			['away.example.com', /^!! away\.example\.com leads to 192\.0\.2\.9, which is not an address of this machine/m],
			['nowhere.example.com', /^!! nowhere\.example\.com has no address yet/m],
		]) {
			const r = await setup(['--name', name, '--mail', '', '--force'], { without: 'uacme' });
			assert.equal(r.code, 1);
			assert.match(r.err, sentence);
			assert.match(r.err, /^!! 127\.0\.0\.1:7443 cannot be listened on: Address already in use; stop what uses the port/m);
			assert.match(r.err, /^!! uacme, which gets the certificate, is missing: install the package uacme/m);
			assert.match(r.err, /3 of the checks above failed/);
		}
	});

	it('tells an ordinary user what to do about folders that are root’s', async () => {
		const words = [path.join(binDir, 'creel-relay'), 'setup', '--name', 'hooks.example.com', '--mail', '', '--config', '/etc/creel-e2e/relay.ini'];
		const r = await w.run(...(process.getuid() === 0 ? ['setpriv', ['--reuid', '65534', '--regid', '65534', '--clear-groups', ...words]] : [words[0], words.slice(1)]));
		assert.deepEqual([r.code, r.err], [4, 'creel-relay: /etc/creel-e2e cannot be made: Permission denied; run this as root, or name files of yours\n']);
	});

	it('refuses answers that are none', async () => {
		for (const args of [['--name', 'localhost', '--mail', ''], ['--name', 'a b.example', '--mail', ''], ['--name', 'a.example\nacme = x', '--mail', ''], ['--name', 'a.example', '--mail', 'nobody'], ['--name', 'a.example', '--mail', '', 'x'], ['--name', 'a.example', '--mail', '', '--listen', 'x']])
			assert.equal((await setup([...args, '--force'])).code, 2, args.join(' '));
		assert.match((await setup(['--name', 'a.example'])).err, /^creel-relay: nothing was answered; --mail says it as well$/m);
	});
});
