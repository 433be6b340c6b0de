import { BlockList, isIP, SocketAddress } from 'node:net';

/**
 * The networks from which a key may be used. IPv4 and IPv6 are kept apart, because in one BlockList `::/0` would hold every IPv4 address too.
 * An IPv4 address that is written as IPv6 (`::ffff:192.0.2.1`) counts as IPv4, in a network as well as in an address.
 */
export class Networks {
  readonly #ipv4 = new BlockList();
  readonly #ipv6 = new BlockList();

  /** @param cidrs as `parseNetwork` or Postgres writes them. @throws RangeError for anything else. */
  constructor(cidrs: readonly string[]) {
    for (const cidr of cidrs) {
      const [address, prefix] = parseNetwork(cidr).split('/') as [string, string];
      const family = isIP(address) === 4 ? 'ipv4' : 'ipv6';
      (family === 'ipv4' ? this.#ipv4 : this.#ipv6).addSubnet(address, Number(prefix), family);
    }
  }

  /** Whether the address lies in one of them. What is no address, as a proxy may hand it on, lies in none. */
  has(address: string): boolean {
    const plain = plainAddress(address);
    if (plain === undefined) return false;
    return isIP(plain) === 4 ? this.#ipv4.check(plain, 'ipv4') : this.#ipv6.check(plain, 'ipv6');
  }
}

/**
 * A network as Postgres writes it: `192.0.2.0/24`, `2001:db8::/32`. A bare address is the network of that address alone.
 * @throws RangeError whose message says what is wrong, and the right form where it can be guessed.
 */
export function parseNetwork(text: string): string {
  const [, address = '', length] = /^([^/]*)(?:\/(\d{1,3}))?$/.exec(text) ?? [];
  const family = isIP(address);
  if (family === 0 || address.includes('%')) {
    throw new RangeError(`"${text}" is not a network: write it as 192.0.2.0/24 or 2001:db8::/32, or one address as 192.0.2.7`);
  }
  const whole = family === 4 ? 32 : 128;
  const prefix = length === undefined ? whole : Number(length);
  if (prefix > whole) throw new RangeError(`"${text}" is not a network: an IPv${family} prefix has at most ${whole} bits`);
  const plain = plainAddress(address) as string;
  // An IPv4 network written as IPv6 has 96 bits before its own.
  const isMapped = family === 6 && isIP(plain) === 4;
  if (isMapped && prefix < 96) throw new RangeError(`"${text}" is not a network: write an IPv4 network as such`);
  return canonical(text, plain, isMapped ? prefix - 96 : prefix);
}

function canonical(text: string, address: string, prefix: number): string {
  const width = isIP(address) === 4 ? 32 : 128;
  const bits = toBits(address);
  const hostBits = BigInt(width - prefix);
  const network = (bits >> hostBits) << hostBits;
  if (network === bits) return `${address}/${prefix}`;
  throw new RangeError(
    `"${text}" has bits set after its first ${prefix}: write ${fromBits(network, width)}/${prefix} for the network, or ${address} for the one address`,
  );
}

/** Whom an address stands for: an IPv4 address for itself, an IPv6 address for its /64, which one client has whole. What is no address, for itself, cut. */
export function clientNetwork(address: string | undefined): string {
  const plain = plainAddress(address ?? '');
  if (plain === undefined) return (address ?? 'unknown').slice(0, 45);
  if (isIP(plain) === 4) return plain;
  return `${fromBits((toBits(plain) >> 64n) << 64n, 128)}/64`;
}

/** The shortest spelling, without a zone, and as IPv4 where it is that; undefined for what is no address. */
function plainAddress(address: string): string | undefined {
  const family = isIP(address);
  if (family !== 6) return family === 4 ? address : undefined;
  const short = new SocketAddress({ address, family: 'ipv6' }).address;
  return /^::ffff:([\d.]+)$/.exec(short)?.[1] ?? short;
}

function toBits(address: string): bigint {
  if (isIP(address) === 4) return address.split('.').reduce((bits, byte) => (bits << 8n) | BigInt(byte), 0n);
  // The last 32 bits may be written as IPv4.
  const [, front = '', tail] = /^(.*:)([\d.]+\.[\d.]+)$/.exec(address) ?? [];
  const groups = tail === undefined ? address : `${front}${(toBits(tail) >> 16n).toString(16)}:${(toBits(tail) & 0xffffn).toString(16)}`;
  const [left = [], right = []] = groups.split('::').map((half) => half.split(':').filter((group) => group !== ''));
  const zeros = Array<string>(8 - left.length - right.length).fill('0');
  return [...left, ...zeros, ...right].reduce((bits, group) => (bits << 16n) | BigInt(`0x${group}`), 0n);
}

function fromBits(bits: bigint, width: number): string {
  if (width === 32) return [24n, 16n, 8n, 0n].map((shift) => (bits >> shift) & 0xffn).join('.');
  const groups = Array.from({ length: 8 }, (_, index) => ((bits >> BigInt(112 - 16 * index)) & 0xffffn).toString(16));
  return plainAddress(groups.join(':')) as string;
}
