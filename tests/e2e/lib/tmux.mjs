// A real terminal for the inspector: tmux on a socket of its own. Nothing waits for a time, all wait for a screen.
import { execFile, execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { removeFolder, waitFor } from './harness.mjs';

const run = promisify(execFile);
const quote = (s) => `'${String(s).replaceAll("'", "'\\''")}'`;

// Where TERM begins with "linux" ncurses loads libgpm for the mouse. That one keeps the console's name ("/dev/tty0",
// 10 bytes) for the process's life, and ncurses unloads it with the screen, so that LeakSanitizer no longer finds who
// holds them, nor whose they are: no suppression has a name to go by. Without it everything else is still looked at.
export const NO_GPM = { NCURSES_GPM_TERMS: '' };

export class Terminal {
	// command: argv; env: beside TERM, locale and zone; shell: the command is run by a shell that stays.
	static async start({ command, columns = 80, rows = 24, env = {}, term = 'tmux-256color', locale = 'C.UTF-8', shell = false }) {
		const t = new Terminal();
		t.dir = mkdtempSync(join(tmpdir(), 'creel-tmux-'));
		t.socket = join(t.dir, 's');
		const all = { TZ: 'UTC', LC_ALL: locale, PS1: '$ ', ...NO_GPM, ...env };
		const assign = Object.entries(all).map(([k, v]) => `${k}=${quote(v)}`);
		const line = `env -u NO_COLOR TERM=${quote(term)} ${assign.join(' ')} ${command.map(quote).join(' ')}`;
		await run('tmux', ['-S', t.socket, '-f', '/dev/null', 'new-session', '-d', '-x', columns, '-y', rows, '-s', 'main', 'sh'], {
			env: { ...process.env, ENV: '', PS1: '$ ' },
		});
		await t.tmux('set', '-g', 'window-size', 'manual');
		await t.tmux('set', '-g', 'remain-on-exit', 'on');
		await t.tmux('set', '-g', 'set-clipboard', 'on');
		await t.tmux('set', '-g', 'default-terminal', 'tmux-256color');
		await t.tmux('resize-window', '-x', columns, '-y', rows);
		// tmux 3.3 sometimes forgets a dead pane's status, so a shell writes it down.
		const noted = `sh -c 'echo $$ >${t.dir}/pid; exec "$@"' sh ${line}; echo $? >${t.dir}/status`;
		if (!shell) await t.tmux('respawn-pane', '-k', noted);
		else {
			await t.tmux('respawn-pane', '-k', 'env -u ENV PS1="$ " sh');
			await t.until(/\$/);
			await t.type(line);
			await t.keys('Enter');
		}
		return t;
	}

	async tmux(...args) {
		return (await run('tmux', ['-S', this.socket, ...args.map(String)])).stdout;
	}

	// Names of tmux: "Enter", "Escape", "C-d", "PPage", "F5"; single characters are themselves.
	async keys(...names) {
		for (const n of names) await this.tmux('send-keys', n);
	}

	async type(text) {
		await this.tmux('send-keys', '-l', '--', text);
	}

	async screen(...options) {
		return await this.tmux('capture-pane', '-p', ...options);
	}

	// Waits until the screen matches, or does not with `not`; gives it. The screen stands in what is thrown.
	// `scrolled`: with what left the screen, as a program's last words do when tmux writes "Pane is dead".
	async until(pattern, { not, scrolled = false, ms = 20000 } = {}) {
		let last = '';
		const from = scrolled ? ['-S', '-'] : [];
		const fits = (s) => (typeof pattern === 'function' ? pattern(s) : pattern.test(s)) && !(not && not.test(s));
		try {
			await waitFor(`${pattern}`, async () => fits((last = await this.screen(...from))), ms);
			// tmux may show half of a paint: what the caller looks at next is as old as what matched, or newer.
			for (let again, tries = 0; tries < 10 && (again = await this.screen(...from)) !== last; tries++) if (fits(again)) last = again;
		} catch (e) {
			throw new Error(`${e.message}; the screen is:\n${last}`);
		}
		return last;
	}

	async resize(columns, rows) {
		await this.tmux('resize-window', '-x', columns, '-y', rows);
	}

	async signal(name) {
		process.kill(Number(readFileSync(join(this.dir, 'pid'), 'utf8')), name);
	}

	// The status the program ended with, as a text.
	async ended() {
		const file = join(this.dir, 'status');
		return await waitFor('the program to end', () => existsSync(file) && readFileSync(file, 'utf8').trim());
	}

	// The pane's shell may just be writing the program's status.
	async close() {
		try {
			execFileSync('tmux', ['-S', this.socket, 'kill-server'], { stdio: 'ignore' });
		} catch {
			// it is gone already
		}
		await removeFolder(this.dir);
	}
}
