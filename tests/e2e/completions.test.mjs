// Completions for bash, zsh and fish: all that --help names stands in them, and a TAB gives it.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { binDir, root } from './lib/harness.mjs';
import { post } from './lib/http.mjs';
import { openRoad } from './lib/road.mjs';
import { Terminal } from './lib/tmux.mjs';

const FILES = { bash: 'creel.bash', zsh: '_creel', fish: 'creel.fish' };
const file = (shell) => path.join(binDir, 'completions', FILES[shell]);
const has = (program) => spawnSync('sh', ['-c', `command -v ${program}`]).status === 0;
const without = (shell) => !has(shell) && `${shell} is not installed`;

describe('completions', () => {
	let road, folder, env, commands, options;
	before(async () => {
		road = await openRoad({ name: 'complete' });
		for (const name of ['one', 'two']) await post(road.relay.port, `/complete/${name}`);
		await road.w.recorded((r) => r.target === '/two' && r.state === 'delivered');
		folder = road.w.fresh('files');
		mkdirSync(path.join(folder, 'secrets'), { recursive: true });
		for (const name of ['stripe.secret', 'har one.har', 'creel.db']) writeFileSync(path.join(folder, name), '');
		env = { ...road.w.env, PATH: `${binDir}:${road.w.env.PATH}` };
		const help = (await road.w.creel(['help'])).text;
		commands = [...help.matchAll(/^ {2}creel ([a-z]+) /gm)].map((m) => m[1]);
		options = {};
		for (const command of commands) {
			const text = (await road.w.creel([command, '--help'])).text;
			options[command] = [...text.matchAll(/^ {2}(?:-(\w), |    )(--[a-z-]+)/gm)].flatMap((m) => [...(m[1] ? [`-${m[1]}`] : []), m[2]]);
		}
		assert.ok(commands.length >= 18 && options.listen.length > 30);
	});
	after(() => road?.w.close());

	/** What bash would offer for this line; `name` is what is completed. */
	function bash(line, { cwd = folder, more = {} } = {}) {
		const script = '. "$1"; COMP_LINE=$2 COMP_POINT=${#2}; read -ra COMP_WORDS <<<"$2"; COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _creel; printf "%s\\n" "${COMPREPLY[@]}"';
		const r = spawnSync('bash', ['--norc', '-c', script, 'bash', file('bash'), line], { cwd, env: { ...env, ...more }, encoding: 'utf8' });
		assert.equal(r.stderr, '', r.stderr);
		return r.stdout.split('\n').filter(Boolean).sort();
	}
	const fish = (line) => execFileSync('fish', ['--no-config', '-c', 'source $argv[1]; complete -C $argv[2]', file('fish'), line], { cwd: folder, env, encoding: 'utf8' })
		.split('\n').filter(Boolean).map((l) => l.split('\t')[0]).sort();
	const sorted = (list) => [...list].sort();

	it('every command and every option of --help stands in each file', () => {
		for (const shell of Object.keys(FILES)) {
			const text = readFileSync(file(shell), 'utf8');
			for (const command of commands) {
				assert.match(text, new RegExp(`\\b${command}\\b`), `${shell}: ${command}`);
				// What is said of one command: bash and zsh have a case of it, fish a line an option.
				const part = shell === 'bash' ? new RegExp(`^\t${command}\\) options='(.*)' operand`, 'm').exec(text)[1]
					: shell === 'zsh' ? new RegExp(`^\t${command}\\)$([^]*?);;`, 'm').exec(text)[1]
						: text.split('\n').filter((l) => l.includes(`'__creel_at ${command}'`)).join('\n');
				for (const option of options[command]) {
					const word = shell === 'fish' ? (option.startsWith('--') ? ` -l ${option.slice(2)}` : ` -s ${option.slice(1)}`) : option;
					assert.match(`${part} `, new RegExp(`${shell === 'fish' ? '' : '(?<![a-z-])'}${word}(?![a-z-])`), `${shell}: ${command} ${option}`);
				}
			}
		}
	});

	it('they are made anew the same, whatever the environment says', () => {
		for (const shell of Object.keys(FILES)) {
			const again = execFileSync(path.join(root, 'client/completions/generate.sh'), [path.join(binDir, 'creel'), shell], { env: { ...env, CREEL_TIMEOUT: 'x', LC_ALL: 'de_DE.UTF-8' }, encoding: 'utf8' });
			assert.equal(again, readFileSync(file(shell), 'utf8'), shell);
		}
	});

	for (const shell of Object.keys(FILES)) {
		it(`${shell} reads its file without complaint`, { skip: without(shell) }, () => {
			const r = spawnSync(shell, ['-n', file(shell)], { encoding: 'utf8' });
			assert.deepEqual([r.status, r.stderr], [0, '']);
		});
	}

	describe('bash', () => {
		it('commands', () => {
			assert.deepEqual(bash('creel '), sorted(commands));
			assert.deepEqual(bash('creel st'), ['stats', 'status']);
			assert.deepEqual(bash('creel zz'), []);
			assert.deepEqual(bash('creel help re'), ['replay', 'report']);
		});
		it('options: all of the command, and of no other', () => {
			for (const command of commands) assert.deepEqual(bash(`creel ${command} -`), sorted(options[command]), command);
			assert.deepEqual(bash('creel list --js'), ['--json']);
			assert.deepEqual(bash('creel listen --ho'), ['--hold', '--host-header']);
		});
		it('what an option takes: one of several, files, folders, @FILE', () => {
			assert.deepEqual(bash('creel listen 3000 --output '), ['auto', 'json', 'lines', 'quiet', 'ui']);
			assert.deepEqual(bash('creel listen -o l'), ['lines']);
			assert.deepEqual(bash('creel listen --output=l'), ['lines']);
			assert.deepEqual(bash('creel list --db cr'), ['creel.db']);
			assert.deepEqual(bash('creel list --db=cr'), ['creel.db']);
			assert.deepEqual(bash('creel import h'), ['har one.har']);
			assert.deepEqual(bash('creel trigger --templates '), ['secrets']);
			assert.deepEqual(bash('creel verify 1 --secret '), ['@']);
			assert.deepEqual(bash('creel verify 1 --secret @str'), ['@stripe.secret']);
			assert.deepEqual(bash('creel verify 1 --secret=@str'), ['@stripe.secret'], 'readline keeps what stands before');
			assert.deepEqual(bash('creel listen --secret stripe=@str'), ['@stripe.secret']);
			assert.deepEqual(bash('creel listen --secret @sec'), ['@secrets/']);
			assert.deepEqual(bash('creel listen --secret @har'), ['@har\\ one.har']);
			assert.deepEqual(bash('creel listen --name '), [], 'nothing is known of a name');
		});
		it('ids and events: asked of creel, of the store that is named', () => {
			assert.deepEqual(bash('creel show '), ['1', '2']);
			assert.deepEqual(bash('creel diff 1 2'), ['2']);
			assert.deepEqual(bash('creel show --json '), ['1', '2'], 'behind a flag as well');
			assert.deepEqual(bash(`creel show --db ${road.w.path('none.db')} `), []);
			assert.deepEqual(bash('creel trigger stripe.invoice.pai'), ['stripe.invoice.paid']);
			assert.ok(!bash('creel trigger ').some((name) => name.includes('*')));
		});
		it('names of one\'s own samples are not taken for code', () => {
			const own = road.w.path('config', 'creel', 'templates');
			mkdirSync(own, { recursive: true });
			writeFileSync(path.join(own, 'own$(touch${IFS}broken).http'), 'POST / HTTP/1.1\n\n');
			assert.deepEqual(bash('creel trigger own'), ['own$(touch${IFS}broken)']);
			assert.ok(!existsSync(path.join(folder, 'broken')));
		});
		it('a TAB in a real shell', async () => {
			const t = await Terminal.start({ command: ['bash', '--norc'], env: { PATH: env.PATH, HOME: env.HOME, XDG_DATA_HOME: env.XDG_DATA_HOME, XDG_CONFIG_HOME: env.XDG_CONFIG_HOME, PS1: '$ ' } });
			try {
				// A prompt of its own: the first one stands there before the line is carried out.
				await t.type(`cd ${folder}; . ${file('bash')}; PS1='> '; clear`);
				await t.keys('Enter');
				await t.until(/^>$/m);
				for (const [typed, shown] of [['creel trig', /creel trigger$/m], ['stripe.invoice.pai', /trigger stripe\.invoice\.paid$/m],
					['--sec', /paid --secret$/m], ['@str', /--secret @stripe\.secret$/m]]) {
					await t.type(typed);
					await t.keys('Tab');
					await t.until(shown);
				}
				await t.keys('C-u');
				await t.type('creel listen --output=js');
				await t.keys('Tab');
				await t.until(/^> creel listen --output=json/m);
			} finally {
				await t.close();
			}
		});
	});

	it('zsh: a TAB in a real shell', { skip: without('zsh') }, async () => {
		const site = road.w.fresh('site');
		mkdirSync(site);
		copyFileSync(file('zsh'), path.join(site, '_creel'));
		const t = await Terminal.start({ command: ['zsh', '-f'], env: { PATH: env.PATH, HOME: env.HOME, XDG_DATA_HOME: env.XDG_DATA_HOME, XDG_CONFIG_HOME: env.XDG_CONFIG_HOME, PS1: '$ ' } });
		try {
			await t.type(`cd ${folder}; fpath=(${site} $fpath); autoload -Uz compinit; compinit -u -D; setopt no_list_beep; PS1='> '; clear`);
			await t.keys('Enter');
			await t.until(/^>$/m);
			for (const [typed, shown] of [['creel trig', /creel trigger$/m], ['stripe.invoice.pai', /trigger stripe\.invoice\.paid$/m],
				['--sec', /paid --secret/], ['@str', /--secret[= ]@stripe\.secret$/m]]) {
				await t.type(typed);
				await t.keys('Tab');
				await t.until(shown);
			}
			await t.keys('C-u');
			await t.type('creel listen --output=js');
			await t.keys('Tab');
			await t.until(/creel listen --output=json/);
			await t.keys('C-u');
			await t.type('creel show ');
			await t.keys('Tab');
			await t.until(/POST.*\/one/);
			await t.until(/POST.*\/two/);
		} finally {
			await t.close();
		}
	});

	it('fish: commands, options, values, files, ids, events', { skip: without('fish') }, () => {
		assert.deepEqual(fish('creel '), sorted(commands));
		assert.deepEqual(fish('creel help re'), ['replay', 'report']);
		for (const command of commands) {
			assert.deepEqual(fish(`creel ${command} --`), sorted(options[command].filter((o) => o.startsWith('--'))), command);
		}
		assert.deepEqual(fish('creel listen 3000 --output '), ['auto', 'json', 'lines', 'quiet', 'ui']);
		assert.deepEqual(fish('creel listen --output=l'), ['--output=lines']);
		assert.deepEqual(fish('creel import h'), ['har one.har']);
		assert.deepEqual(fish('creel list --db cr'), ['creel.db']);
		assert.deepEqual(fish('creel verify 1 --secret @str'), ['@stripe.secret']);
		assert.deepEqual(fish('creel listen --secret stripe=@str'), ['stripe=@stripe.secret']);
		assert.deepEqual(fish('creel show '), ['1', '2']);
		assert.deepEqual(fish(`creel show --db ${road.w.path('none.db')} `), []);
		assert.deepEqual(fish('creel trigger stripe.invoice.pai'), ['stripe.invoice.paid']);
	});

	it('make install puts them in their places, and make uninstall leaves none', () => {
		const place = road.w.fresh('installed');
		const build = path.relative(root, binDir);
		// The programs are there: nothing is built, whatever flags they were built with.
		const make = (target) => execFileSync('make', ['-s', '-o', 'all', target, `BUILD=${build}`, `DESTDIR=${place}`, 'PREFIX=/usr'], { cwd: root, stdio: 'pipe' });
		make('install');
		const shared = path.join(place, 'usr', 'share');
		for (const [at, shell] of [['bash-completion/completions/creel', 'bash'], ['zsh/site-functions/_creel', 'zsh'], ['fish/vendor_completions.d/creel.fish', 'fish']]) {
			assert.equal(readFileSync(path.join(shared, at), 'utf8'), readFileSync(file(shell), 'utf8'));
			assert.equal(statSync(path.join(shared, at)).mode & 0o777, 0o644);
		}
		for (const page of ['man1/creel.1', 'man7/creel-protocol.7', 'man8/creel-relay.8']) assert.ok(existsSync(path.join(shared, 'man', page)), page);
		make('uninstall');
		const left = readdirSync(place, { recursive: true }).map((name) => path.join(place, name)).filter((name) => statSync(name).isFile());
		assert.deepEqual(left, []);
	});

	it('every program ended cleanly', () => road.w.endsCleanly());
});
