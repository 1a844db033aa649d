// A project's file is not its user: what ./creel.ini of a folder may set, what it may not before `creel trust`, and that
// no file in its place makes a command wait.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { chmodSync, chownSync, existsSync, mkdirSync, readFileSync, readdirSync, statSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { World, binDir, waitFor } from './lib/harness.mjs';
import { Receiver, post } from './lib/http.mjs';

describe('a project’s creel.ini', () => {
	let w, relay, app;
	before(async () => {
		w = new World();
		relay = await w.startRelay();
		app = w.keep(await Receiver.start());
	});
	after(() => w?.close());

	/** A folder that holds this creel.ini. */
	function project(text) {
		const cwd = w.fresh('project');
		mkdirSync(cwd);
		if (text !== undefined) writeFileSync(path.join(cwd, 'creel.ini'), text);
		return cwd;
	}
	const relayUrl = () => `http://127.0.0.1:${relay.port}`;

	let options;
	/** Every option of every command, as their help tells them: [command, option, argument]. */
	function allOptions() {
		return (options ??= readOptions());
	}
	function readOptions() {
		const env = { ...w.env };
		const help = (...args) => execFileSync(path.join(binDir, 'creel'), args, { env, encoding: 'utf8' });
		const commands = [...help('help').matchAll(/^ {2}creel (\w+) /gm)].map((m) => m[1]);
		assert.ok(commands.length > 12, String(commands));
		const found = [];
		for (const command of commands) {
			if (['help', 'version'].includes(command)) continue;
			const text = help(command, '--help').split('\nOptions:\n')[1];
			for (const m of text.matchAll(/^ {2}(?:-\w, | {4})--([a-z-]+)(?: (\S+))?/gm)) found.push([command, m[1], m[2]]);
		}
		assert.ok(found.length > 150);
		return found;
	}

	// Said here once more and not read from the program's table: this is the promise.
	const HARMLESS = {
		listen: ['name', 'route', 'output', 'color', 'theme', 'images', 'ascii', 'mouse', 'host-header', 'timeout', 'wait-for-target', 'ping-interval', 'connect-timeout'],
		dev: ['port', 'name', 'route', 'output', 'color', 'theme', 'images', 'ascii', 'mouse', 'host-header', 'timeout', 'wait-for-target', 'ping-interval', 'connect-timeout'],
		ui: ['color', 'theme', 'images', 'ascii', 'mouse'],
		stats: ['filter', 'by', 'json'],
		report: ['redact'],
		list: ['filter', 'number', 'json'],
		show: ['request', 'response', 'headers', 'body', 'raw', 'json'],
		diff: ['json', 'no-color'],
		replay: ['json', 'host-header', 'timeout', 'wait-for-target'],
		export: ['format', 'redact'], // whose names add up
		import: ['json'],
		verify: ['json'],
		wait: ['filter', 'timeout', 'json'],
		trigger: ['timeout', 'json'],
		prune: ['json'],
		status: ['json'],
		doctor: ['json'],
		login: [],
	};
	// Every command takes them; these do nothing with them.
	const NEEDS_NO_RELAY = (command) => !['listen', 'doctor'].includes(command);
	const UNUSED = (command, option) => (option === 'relay' && NEEDS_NO_RELAY(command)) || (option === 'db' && command === 'login');
	/** Arguments with which a command would do its work. */
	const ARGUMENTS = {
		listen: () => [String(app.port), '--relay', relayUrl()],
		dev: () => [String(app.port), '--port', '0'],
		login: () => [relayUrl(), '--no-token'],
		diff: () => ['1', '2'],
	};

	it('each option that could hurt has no effect and ends the command with 2, the key and `creel trust`', async () => {
		const victim = w.path('victim');
		writeFileSync(victim, 'mine');
		const harmful = allOptions().filter(([command, option]) => command !== 'trust' && !['help', 'config'].includes(option) &&
			!(HARMLESS[command] ?? []).includes(option) && !UNUSED(command, option));
		assert.ok(harmful.length > 90, String(harmful.length));
		const faults = [];
		let next = 0;
		const look = async () => {
			while (next < harmful.length) {
				const [command, option, argument] = harmful[next++], every = next % 4 === 0;
				const value = argument === undefined ? 'true'
					: ['ready-file', 'output', 'db', 'ca', 'templates', 'watch'].includes(option) ? victim
						: option === 'exec' ? `sh -c "echo pwned > ${victim}"`
							: argument.includes('|') && !/[A-Z@]/.test(argument) ? argument.split('|')[0] : '1';
				for (const section of every ? [`[${command}]\n`, ''] : [`[${command}]\n`]) {
					const cwd = project(`${section}${option} = ${value}\n`);
					const r = await w.creel([command, ...(ARGUMENTS[command]?.() ?? [])], { cwd });
					const said = command === 'doctor' ? r.text : r.err;
					if (r.code !== 2 || !said.includes(`sets ${option},`) || !said.includes('`creel trust`'))
						faults.push(`${command} ${section.trim()} ${option} = ${value}: ${r.code} ${said}`);
					if (readFileSync(victim, 'utf8') !== 'mine') faults.push(`${command} ${option} wrote`);
				}
			}
		};
		await Promise.all([look(), look()]);
		assert.deepEqual(faults, []);
	});

	it('each option that cannot hurt counts at once', async () => {
		const values = { PORT: '0', NAME: 'shop', '/PATH=TARGET': '/a=4000', TIME: '7s', FILTER: 'status:5xx', N: '3', 'rewrite|preserve|VALUE': 'preserve' };
		const text = (command, options) => `[${command}]\n${options.map(([, option, argument]) =>
			`${option} = ${argument === undefined ? 'false' : values[argument] ?? argument.split('|')[0]}\n`).join('')}`;
		for (const [command, names] of Object.entries(HARMLESS)) {
			const options = allOptions().filter(([c, option]) => c === command && names.includes(option));
			assert.equal(options.length, names.length, `${command} has all of ${names}`);
			const r = await w.creel([command, '--no-such-option'], { cwd: project(text(command, options)) });
			assert.equal(r.code, 2);
			assert.doesNotMatch(r.err, /creel trust/);
			// What follows the parsing says whether the file was taken: a number where none may be is told of the file.
			const wrong = await w.creel([command], { cwd: project(`${text(command, options)}[${command}]\nno-such-key = 1\n`) });
			assert.match(command === 'doctor' ? wrong.text : wrong.err, /creel.ini: no-such-key is not a known key/, command);
		}
	});

	it('a name, a route and a time limit work unasked', async () => {
		const other = w.keep(await Receiver.start());
		const cwd = project(`[listen]\nname = from-project\nroute = /other=${other.port}\nroute./third = http://127.0.0.1:${other.port}/base\ntimeout = 9s\n`);
		const c = await w.startClient({ relay, target: app.port, cwd });
		assert.equal(c.tunnel, 'from-project');
		assert.equal((await post(relay.port, '/from-project/other/x')).status, 200);
		assert.equal((await other.request()).target, '/other/x');
		await c.stop('SIGINT');
	});

	it('keys that a command does not look at do not stop it', async () => {
		const cwd = project('relay = http://evil.test\nexec = sh\nforce = true\n[listen]\nexec = sh\nready-file = x\n[export]\noutput = x.har\n[token http://evil.test]\ntoken = x\n');
		await w.startClient({ relay, target: app.port, name: 'reads' }).then((c) => c.stop('SIGINT'));
		const list = await w.creel(['list'], { cwd });
		assert.equal(list.code, 0, list.err);
		assert.equal(list.err, '');
		for (const command of [['status'], ['prune', '--keep', '9d'], ['wait', '--timeout', '1ms']]) {
			const r = await w.creel(command, { cwd });
			assert.ok([0, 1].includes(r.code), r.err);
			assert.doesNotMatch(r.err, /trust/);
		}
	});

	const LEADS_ELSEWHERE = ['/a=http://evil.test:80', '/a=evil.test', '/a=http://192.0.2.1/', '/a=http://localhost.evil.test', '/a=4000=http://192.0.2.1',
		'/a=http://0.0.0.0:80', '/=https://[2001:db8::1]:1'];
	it('a route that leads off this machine is not harmless, whatever else was allowed', async () => {
		for (const route of LEADS_ELSEWHERE) {
			for (const line of [`route = ${route}`, `route.${route.replace('=', ' = ')}`]) {
				const r = await w.creel(['listen', String(app.port), '--relay', relayUrl(), '--allow-remote-target'], { cwd: project(`[listen]\n${line}\n`) });
				assert.equal(r.code, 2, `${line}: ${r.err}`);
				assert.match(r.err, /sets route\S*, which .*`creel trust`/, line);
			}
		}
	});

	it('a value that may be set holds no second field, and no byte that a terminal would obey', async () => {
		for (const host of ['a\rX-Admin: 1', 'a b', '\x1b[31m']) {
			const r = await w.creel(['listen', String(app.port), '--relay', relayUrl()], { cwd: project(`[listen]\nhost-header = ${host}\n`) });
			assert.equal(r.code, 2, r.err);
			assert.match(r.err, /^creel: --host-header takes rewrite, preserve or a host with its port/);
			assert.doesNotMatch(r.err, /[\x1b\r]/);
		}
	});

	it('trust: these bytes at this place, kept 0600 in a folder of 0700; a change is asked about anew', async () => {
		const ready = w.fresh('ready');
		const cwd = project(`relay = ${relayUrl()}\n[listen]\nname = trusted\nready-file = ${ready}\n`);
		const refused = await w.creel(['listen', String(app.port)], { cwd });
		assert.equal(refused.code, 2);
		assert.match(refused.err, /^creel: \.\/creel\.ini sets relay, which no project may before you trust it: .*`creel trust`/);
		const r = await w.creel(['trust'], { cwd, env: { UMASK: '0' } });
		assert.equal(r.code, 0, r.err);
		assert.match(r.text, new RegExp(`creel.ini sets what no project may unasked:\\n  relay = ${relayUrl()}\\n  \\[listen\\] ready-file = ${ready}\\nIt is trusted`));
		const folder = w.path('config', 'creel', 'trusted');
		assert.equal(statSync(folder).mode & 0o777, 0o700);
		for (const name of readdirSync(folder)) assert.equal(statSync(path.join(folder, name)).mode & 0o777, 0o600);
		const p = w.spawn('creel', ['listen', String(app.port), '--output', 'quiet'], { cwd });
		p.kind = 'client';
		assert.match(await w.fileFrom(p, ready), /\/trusted$/);
		await p.stop('SIGINT');
		assert.match((await w.creel(['trust', '--list'])).text, new RegExp(`^trusted +${cwd}/creel.ini$`, 'm'));

		// Reached by another way it is the same file; a copy elsewhere is another.
		const link = w.fresh('link');
		symlinkSync(cwd, link);
		assert.match((await w.creel(['listen', '1', '2', '--relay', 'x'], { cwd: link })).err, /listen takes one target/);
		const copy = project(readFileSync(`${cwd}/creel.ini`, 'utf8'));
		assert.match((await w.creel(['listen', '1'], { cwd: copy })).err, /sets relay, .*`creel trust`/);

		for (const changed of [(t) => t + '\n', (t) => t.replace('trusted', 'trustee'), (t) => t.slice(0, -1)]) {
			const text = readFileSync(`${cwd}/creel.ini`, 'utf8');
			writeFileSync(`${cwd}/creel.ini`, changed(text));
			assert.match((await w.creel(['listen', '1'], { cwd })).err, /trust it again, as it has changed/);
			assert.match((await w.creel(['trust', '--list'])).text, /^changed since /m);
			writeFileSync(`${cwd}/creel.ini`, text);
			assert.match((await w.creel(['listen', '1', '2'], { cwd })).err, /listen takes one target/, 'the trusted bytes again');
		}
		const removed = await w.creel(['trust', '--remove', cwd]);
		assert.equal(removed.code, 0, removed.err);
		assert.match((await w.creel(['listen', '1'], { cwd })).err, /sets relay, .*`creel trust`/);
		assert.equal((await w.creel(['trust', '--remove'], { cwd })).code, 1, 'it was not trusted');
	});

	it('trust shows no secret, and no byte that a terminal would obey', async () => {
		const cwd = project('relay = https://a.test:planted-5@evil.test/x@y\n[listen]\nexec = echo \x1b[31m\u202e http://$(shown)@x\nheader = Authorization: Bearer planted-1\nheader = X-Team: shop\nsecret.github = planted-2\nsecret.stripe = @stripe.secret\n[login]\ntoken = planted-3\n[token http://a.test]\ntoken = planted-4\n');
		const r = await w.creel(['trust'], { cwd });
		assert.equal(r.code, 0, r.err);
		assert.doesNotMatch(r.text, /planted|\x1b|\u202e/);
		assert.match(r.text, /exec = echo \^\[\[31m<202e> http:\/\/\$\(shown\)@x/);
		assert.match(r.text, /relay = https:\/\/\(not shown\)@evil.test\/x@y$/m);
		assert.match(r.text, /header = X-Team: shop/);
		assert.match(r.text, /secret.stripe = @stripe.secret/);
		assert.equal(r.text.match(/\(not shown\)/g).length, 5);
	});

	it('a file that is not trusted takes no words out of what creel says', async () => {
		const r = await w.creel(['listen', '1', '--relay', relayUrl()], { cwd: project('[x]\ntoken = which no project may before you trust it\n[listen]\nexec = true\n') });
		assert.match(r.err, /sets exec, which no project may before you trust it: /);
	});

	it('trust refuses what others can change, what is no project’s file, and what is not there', async () => {
		const open = project('[listen]\nexec = true\n');
		chmodSync(`${open}/creel.ini`, 0o666);
		const r = await w.creel(['trust'], { cwd: open });
		assert.equal(r.code, 2);
		assert.match(r.err, /can be written by everybody on this machine, .*chmod o-w/);
		assert.match((await w.creel(['listen', '1'], { cwd: open })).err, /sets exec, .* chmod o-w/);
		if (process.getuid() === 0) {
			const others = project('[listen]\nexec = true\n');
			chownSync(`${others}/creel.ini`, 12345, 12345);
			assert.match((await w.creel(['trust'], { cwd: others })).err, /belongs to another user/);
		}
		assert.match((await w.creel(['trust', w.path('victim')])).err, /only one named creel.ini is read/);
		const none = await w.creel(['trust'], { cwd: project() });
		assert.equal(none.code, 2);
		assert.match(none.err, /there is no \.\/creel\.ini to trust/);
		const harmless = await w.creel(['trust'], { cwd: project('[listen]\nname = x\n') });
		assert.equal(harmless.code, 0);
		assert.match(harmless.text, /needs no trust/);
		assert.equal((await w.creel(['trust'], { cwd: project('[listen]\nnothing\n') })).code, 2);
		// Its own options are not a project's.
		assert.match((await w.creel(['trust'], { cwd: project('[trust]\nremove = true\n[listen]\nexec = x\n') })).text, /It is trusted/);
	});

	it('on a terminal it asks: what the file sets stands there, yes trusts it, all else does not', async () => {
		const cwd = project(`relay = ${relayUrl()}\n[listen]\nname = asked\n`);
		const asked = async (answer, env = {}) => {
			const p = spawn(path.join(binDir, 'pty-run'), ['80', '24', path.join(binDir, 'creel'), 'listen', '1', '2'], { cwd, env: { ...w.env, TERM: 'xterm', ...env } });
			let text = '';
			p.stdout.on('data', (d) => (text += d));
			const ended = new Promise((resolve) => p.on('close', resolve));
			await waitFor(() => `a question; there is ${text}`, () => /\[y\/N\] $/.test(text));
			p.stdin.write(answer);
			return { code: await ended, text };
		};
		const no = await asked('\r');
		assert.equal(no.code, 2);
		assert.match(no.text, /is not trusted, and sets what a project may not unasked:\s+relay = http/);
		assert.match(no.text, /sets relay, which no project may before you trust it/);
		assert.equal((await asked('yes please\r')).code, 2);
		const yes = await asked('y\r');
		assert.match(yes.text, /listen takes one target/, 'it went on');
		assert.match((await w.creel(['listen', '1', '2'], { cwd })).err, /listen takes one target/, 'and is trusted from now on');
		writeFileSync(`${cwd}/creel.ini`, `relay = ${relayUrl()}\n[listen]\nname = other\n`);
		assert.match((await asked('n\r')).text, /has changed since you trusted it/);
	});

	it('CREEL_TOKEN goes to no relay that a project named, trusted or not', async () => {
		const heard = [];
		const thief = http.createServer((request, response) => response.end());
		thief.on('connection', () => heard.push('a connection'));
		thief.on('request', (request) => heard.push(request.headers.authorization));
		thief.on('upgrade', (request, socket) => {
			heard.push(request.headers.authorization);
			socket.destroy();
		});
		await new Promise((resolve) => thief.listen(0, '127.0.0.1', resolve));
		const url = `http://127.0.0.1:${thief.address().port}`;
		try {
			for (const command of [['doctor'], ['listen', '1']]) {
				heard.length = 0;
				const cwd = project(`relay = ${url}\n`);
				const env = { CREEL_TOKEN: 'creel_PLANTED' };
				assert.equal((await w.creel(command, { cwd, env })).code, 2);
				assert.equal((await w.creel(['trust'], { cwd })).code, 0);
				const r = await w.creel(command, { cwd, env });
				assert.equal(r.code, 2, r.err);
				assert.match(r.err + r.text, /CREEL_TOKEN is not sent to http:\S+, a relay that \.\/creel\.ini names and you did not/);
				assert.doesNotMatch(r.err + r.text, /PLANTED/);
				assert.ok(!heard.some((what) => /Bearer/.test(what)), String(heard)); // doctor looks on, without it
			}
			assert.deepEqual(heard, []);
			// Named by the user himself it is sent: by the environment, by his own file, on the command line.
			const cwd = project(`relay = ${url}\n`);
			assert.equal((await w.creel(['trust'], { cwd })).code, 0);
			const named = w.fresh('named.ini');
			writeFileSync(named, `relay = ${url.replace('http:', 'ws:')}/\n`);
			for (const [args, env] of [[['--relay', url], {}], [[], { CREEL_RELAY: url }], [['--config', named], {}]]) {
				heard.length = 0;
				await w.creel(['listen', '1', '--connect-timeout', '500ms', ...args], { cwd, env: { CREEL_TOKEN: 'creel_PLANTED', ...env } });
				assert.ok(heard.includes('Bearer creel_PLANTED'), `${args} ${JSON.stringify(env)}: ${heard}`);
			}
		} finally {
			thief.close();
		}
	});

	it('a token in a project’s file counts once the file is trusted', async () => {
		const data = w.fresh('relay');
		const [secret] = (await w.run('creel-relay', ['token', 'add', 'me', '--data', data])).text.split('\n');
		const own = await w.startRelay({ data });
		const cwd = project(`[token http://127.0.0.1:${own.port}]\ntoken = ${secret}\n`);
		const refused = await w.creel(['listen', '1', '--relay', `http://127.0.0.1:${own.port}`], { cwd });
		assert.equal(refused.code, 2);
		assert.match(refused.err, /sets token, which no project may .*`creel trust`/);
		assert.doesNotMatch(refused.err, new RegExp(secret));
		assert.equal((await w.creel(['trust'], { cwd })).code, 0);
		const c = await w.startClient({ relay: own, target: app.port, cwd });
		await c.stop('SIGINT');
	});

	it('named with --config or CREEL_CONFIG it is the user’s own', async () => {
		const cwd = project('[listen]\nname = named-by-me\nno-forwarded = true\n');
		for (const options of [{ args: ['--config', 'creel.ini'] }, { env: { CREEL_CONFIG: path.join(cwd, 'creel.ini') } }]) {
			const c = await w.startClient({ relay, target: app.port, cwd, ...options });
			assert.equal(c.tunnel, 'named-by-me');
			await c.stop('SIGINT');
		}
	});

	it('no file names another config file, where `login` would write a token', async () => {
		const cwd = project('config = leak.ini\n');
		for (const command of [['listen', '1'], ['login', relayUrl(), '--no-token']]) {
			const r = await w.creel(command, { cwd });
			assert.equal(r.code, 2);
			assert.match(r.err, /creel.ini: config cannot be set in a config file: use --config or CREEL_CONFIG/);
		}
		assert.ok(!existsSync(`${cwd}/leak.ini`));
	});

	it('doctor says that the file is not trusted', async () => {
		const look = async (text, trust) => {
			const cwd = project(text);
			if (trust) assert.equal((await w.creel(['trust'], { cwd })).code, 0);
			const r = await w.creel(['doctor', '--json', '--relay', relayUrl()], { cwd });
			return JSON.parse(r.text).checks.find((c) => c.name === 'config');
		};
		for (const text of ['[listen]\nexec = true\n', 'ca = x.pem\n', '[listen]\nforward-to = 3000\n']) {
			const config = await look(text);
			assert.equal(config.result, 'fail', text);
			assert.match(config.text, /^\.\/creel\.ini sets \S+, which .*`creel trust`/);
		}
		const elsewhere = await look('[export]\noutput = x.har\n');
		assert.equal(elsewhere.result, 'warn');
		assert.match(elsewhere.text, /creel.ini is not trusted: of what it sets, \[export\] output does not count/);
		assert.equal((await look('[export]\noutput = x.har\n', true)).result, 'ok');
		assert.equal((await look('[listen]\nname = x\n')).result, 'ok');
	});

	it('a pipe, a device, a folder or a huge file in a config file’s place: one sentence, at once', async () => {
		const kinds = {
			'a pipe': (file) => execFileSync('mkfifo', [file]),
			'a device': (file) => symlinkSync('/dev/zero', file),
			'/dev/full': (file) => symlinkSync('/dev/full', file),
			'a folder': (file) => mkdirSync(file),
			'larger than 256 KiB': (file) => (writeFileSync(file, ''), truncateSync(file, 1 << 30)),
			'NUL byte': (file) => writeFileSync(file, 'a = 1\n\0exec = x\n'),
		};
		for (const [says, make] of Object.entries(kinds)) {
			const cwd = project();
			const home = w.fresh('home');
			mkdirSync(`${home}/creel`, { recursive: true });
			make(path.join(cwd, 'creel.ini'));
			make(`${home}/creel/config.ini`);
			const check = (r, file) => {
				assert.equal(r.code, 2, `${says}: ${r.err}`);
				assert.equal(r.err.trim().split('\n').length, 1, r.err);
				assert.ok(r.err.includes(says === '/dev/full' ? 'a device' : says) && r.err.includes(file), `${says}: ${r.err}`);
			};
			check(await w.creel(['list'], { cwd }), './creel.ini');
			check(await w.creel(['trust'], { cwd }), './creel.ini');
			check(await w.creel(['listen', '1', '--relay', relayUrl()], { cwd }), './creel.ini');
			check(await w.creel(['list'], { env: { XDG_CONFIG_HOME: home } }), `${home}/creel/config.ini`);
			check(await w.creel(['list', '--config', path.join(cwd, 'creel.ini')]), path.join(cwd, 'creel.ini'));
			check(await w.creel(['login', relayUrl(), '--no-token', '--config', path.join(cwd, 'creel.ini')]), path.join(cwd, 'creel.ini'));
			check(await w.run('creel-relay', ['serve', '--config', path.join(cwd, 'creel.ini')]), path.join(cwd, 'creel.ini'));
			const doctor = await w.creel(['doctor', '--relay', relayUrl()], { cwd });
			assert.match(doctor.text, /^fail +config +.*creel\.ini/m);
		}
		const zero = await w.creel(['login', relayUrl(), '--no-token', '--config', '/dev/full']);
		assert.equal(zero.code, 2);
		assert.match(zero.err, /^creel: the config file \/dev\/full is not a plain file; it is a device/);
	});

	it('every program ended cleanly', () => w.endsCleanly());
});
