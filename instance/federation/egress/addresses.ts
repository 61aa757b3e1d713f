// Which IP addresses may be connected to, and what the configured host map says. Pure.
import ipaddr from 'ipaddr.js'

export type Cidr = readonly [ipaddr.IPv4 | ipaddr.IPv6, number]

/**
 * CIDRs or single addresses.
 * @throws with the part that is neither
 */
export function parseCidrs(parts: readonly string[]): readonly Cidr[] {
  return parts.map((part) => {
    try {
      return ipaddr.parseCIDR(part.includes('/') ? part : `${part}/${part.includes(':') ? 128 : 32}`)
    } catch {
      throw new Error(`"${part}" is no network; write one such as 10.96.0.10/32 or fd00::/8.`)
    }
  })
}

/** `::a.b.c.d`, long deprecated, that the kernel may still send to the IPv4 address inside. */
const IPV4_COMPATIBLE: Cidr = [ipaddr.IPv6.parse('::'), 96]

/**
 * Whether an address may be connected to: any public unicast address, and what the operator allowed.
 * An IPv4 address inside an IPv6 one counts as that IPv4 address.
 */
export function mayConnect(address: string, allow: readonly Cidr[]): boolean {
  const bare = address.replace(/%.*$/, '')
  if (!ipaddr.isValid(bare)) return false
  const ip = ipaddr.process(bare)
  if (allow.some(([net, bits]) => net.kind() === ip.kind() && ip.match([net, bits]))) return true
  if (ip.kind() === 'ipv6' && ip.match([IPV4_COMPATIBLE[0], IPV4_COMPATIBLE[1]])) return false
  return ip.range() === 'unicast'
}

export type MappedHost = { readonly ip: string; readonly port?: number }
export type HostMap = (host: string) => MappedHost | undefined

/**
 * Name to address, or `address:port` (`[address]:port` for IPv6). `*.localhost` stands for every name under localhost,
 * which resolvers would send to the loopback address.
 * @throws with the entry that is wrong
 */
export function hostMap(entries: ReadonlyMap<string, string>): HostMap {
  for (const [name, value] of entries) {
    if (!parseTarget(value)) {
      throw new Error(`"${name}=${value}" is not name=address, such as *.localhost=10.96.0.10.`)
    }
  }
  return (host) => {
    const name = host.toLowerCase().replace(/\.$/, '')
    // The longest name that fits: an exact one before a suffix.
    const [best] = [...entries]
      .filter(([entry]) => fits(name, entry.toLowerCase()))
      .sort(([a], [b]) => Number(a.startsWith('*')) - Number(b.startsWith('*')) || b.length - a.length)
    return best && parseTarget(best[1])
  }
}

const fits = (name: string, entry: string): boolean =>
  entry.startsWith('*.') ? name.endsWith(entry.slice(1)) : name === entry

function parseTarget(value: string): MappedHost | undefined {
  if (ipaddr.isValid(value)) return { ip: value }
  const match = /^(?:\[(.+)\]|([^:]+)):(\d+)$/.exec(value)
  const ip = match?.[1] ?? match?.[2]
  return ip && ipaddr.isValid(ip) ? { ip, port: Number(match?.[3]) } : undefined
}
