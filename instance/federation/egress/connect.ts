// Opens connections to the outside, and only to the outside.
import { lookup } from 'node:dns/promises'
import { isIP } from 'node:net'
import { buildConnector } from 'undici'
import { type Cidr, type HostMap, mayConnect } from './addresses.ts'
import { EgressRefused } from './refused.ts'

export type Resolve = (host: string) => Promise<readonly string[]>

const system: Resolve = async (host) => (await lookup(host, { all: true })).map((found) => found.address)

type Options = {
  readonly allow: readonly Cidr[]
  readonly hosts: HostMap
  readonly timeoutMs: number
  readonly resolve?: Resolve
}

/**
 * A connector for undici that resolves the name itself and connects to the very address that it checked, so that a
 * name cannot point elsewhere the moment after; the connected socket's address is checked once more. IP literals
 * take the same way: a `lookup` hook would never see them.
 */
export function guardedConnector(options: Options): buildConnector.connector {
  const base = buildConnector({ timeout: options.timeoutMs, allowH2: false })
  const resolve = options.resolve ?? system

  const open = async (target: buildConnector.Options) => {
    if (target.protocol !== 'https:') throw new EgressRefused(`Only https is spoken, not ${target.protocol}`)
    const mapped = options.hosts(target.hostname)
    const found = mapped
      ? [mapped.ip]
      : isIP(target.hostname)
        ? [target.hostname]
        : await resolve(target.hostname)
    const usable = found.filter((ip) => mayConnect(ip, options.allow))
    if (usable.length === 0) {
      throw new EgressRefused(`${target.hostname} has no address that may be connected to`)
    }
    let failure: unknown
    for (const ip of usable) {
      try {
        return await connect({
          ...target,
          hostname: ip,
          ...(mapped?.port && { port: String(mapped.port) }),
          ...(isIP(target.hostname) ? {} : { servername: target.servername || target.hostname }),
        })
      } catch (error) {
        failure = error
      }
    }
    throw failure
  }
  const connect = (target: buildConnector.Options) =>
    new Promise<Parameters<buildConnector.Callback> extends [null, infer S] | [Error, null] ? S : never>(
      (resolved, rejected) => {
        base(target, (error, socket) => {
          if (error) return rejected(error)
          if (!socket) return rejected(new Error('no socket'))
          const ip = socket.remoteAddress ?? ''
          if (mayConnect(ip, options.allow)) return resolved(socket)
          socket.destroy()
          rejected(new EgressRefused(`${target.servername} led to ${ip}`))
        })
      },
    )
  return (target, callback) => {
    open(target).then(
      (socket) => callback(null, socket),
      (error: unknown) => callback(error instanceof Error ? error : new Error(String(error)), null),
    )
  }
}
