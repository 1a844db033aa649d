// A disk of its own that can be full: a tmpfs, whose size is set down to what is used. Only for root on Linux.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { mkdirSync } from 'node:fs';

const run = promisify(execFile);
const MIB = 1 << 20;

export class SmallDisk {
	/** null where there can be none: not root, not Linux, or a container without the right to mount. */
	static async mount(dir, bytes) {
		mkdirSync(dir, { recursive: true, mode: 0o700 });
		if (process.platform !== 'linux' || process.getuid() !== 0) return null;
		try {
			await run('mount', ['-t', 'tmpfs', '-o', `size=${bytes},mode=0700`, 'creel-torture', dir]);
		} catch {
			return null;
		}
		return Object.assign(new SmallDisk(), { dir, bytes, full: false, fills: 0 });
	}

	async used() {
		const { stdout } = await run('df', ['--output=used', '-B1', this.dir]);
		return Number(stdout.trim().split('\n').pop());
	}

	/** No room but `spare` bytes. */
	async fill(spare = 0) {
		this.full = true;
		this.fills++;
		// What is used grows while it is measured.
		for (let more = spare; ; more += MIB) {
			const size = Math.max(4096, Math.ceil(((await this.used()) + more) / 4096) * 4096);
			try {
				await run('mount', ['-o', `remount,size=${size}`, this.dir]);
				return;
			} catch (error) {
				if (more > 64 * MIB) throw error;
			}
		}
	}

	async free() {
		await run('mount', ['-o', `remount,size=${this.bytes}`, this.dir]);
		this.full = false;
	}

	async unmount() {
		await run('umount', ['-l', this.dir]);
	}
}
