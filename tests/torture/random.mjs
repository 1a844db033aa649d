// Random numbers from a seed, so that a run's choices can be made again. (Its interleaving cannot: the programs race.)

/** sfc32 (PractRand), seeded from a number or text. */
export class Random {
	constructor(seed) {
		let h = 0x811c9dc5;
		for (const c of Buffer.from(String(seed))) h = Math.imul(h ^ c, 0x01000193);
		this.s = [h, h ^ 0x9e3779b9, Math.imul(h, 0x85ebca6b), 1];
		for (let i = 0; i < 20; i++) this.u32();
	}

	u32() {
		let [a, b, c, d] = this.s;
		const t = (((a + b) | 0) + d) | 0;
		d = (d + 1) | 0;
		a = b ^ (b >>> 9);
		b = (c + (c << 3)) | 0;
		c = (c << 21) | (c >>> 11);
		c = (c + t) | 0;
		this.s = [a, b, c, d];
		return t >>> 0;
	}

	/** 0 ≤ x < 1 */
	unit() {
		return this.u32() / 2 ** 32;
	}

	/** Whole numbers from `from` to `to`, both included. */
	int(from, to) {
		return from + Math.floor(this.unit() * (to - from + 1));
	}

	/** As int(), but each order of magnitude is as likely as the others. */
	logInt(from, to) {
		return Math.min(to, Math.floor(from * (to / from) ** this.unit()));
	}

	chance(p) {
		return this.unit() < p;
	}

	pick(list) {
		return list[this.int(0, list.length - 1)];
	}

	/** One of the keys of { key: weight }. */
	weighted(weights) {
		const all = Object.entries(weights);
		let at = this.unit() * all.reduce((sum, [, w]) => sum + w, 0);
		for (const [key, w] of all) if ((at -= w) < 0) return key;
		return all[all.length - 1][0];
	}

	bytes(n) {
		const b = Buffer.alloc(n + 3);
		for (let i = 0; i < n; i += 4) b.writeUInt32LE(this.u32(), Math.min(i, b.length - 4));
		return b.subarray(0, n);
	}

	/** A generator of its own for one part, so that the parts do not disturb each other's choices. */
	fork(name) {
		return new Random(`${this.u32()} ${name}`);
	}
}
