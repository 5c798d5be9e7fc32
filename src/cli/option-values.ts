import { isIP } from 'node:net';
import { InvalidArgumentError, Option } from 'commander';
import { parseDuration } from '../api/v1alpha1/duration.ts';
import { isPrefix } from '../api/v1alpha1/validation/ip.ts';

/** A port to listen on; 0 lets the system choose. */
export function portOption(text: string): number {
  const port = Number(text);
  if (!/^[0-9]{1,5}$/.test(text) || port > 65535) throw new InvalidArgumentError('A port is a number from 0 to 65535.');
  return port;
}

/** An option whose value is a duration such as 500ms or 1m30s; the action gets milliseconds. */
export function durationOption(flags: string, description: string, byDefault: string): Option {
  return new Option(flags, description).argParser(milliseconds).default(milliseconds(byDefault), byDefault);
}

function milliseconds(text: string): number {
  const duration = parseDuration(text);
  if (duration === null) throw new InvalidArgumentError('A duration is written like 500ms, 10s or 1m30s.');
  return duration;
}

/** An address of this machine to listen on. */
export function addressOption(text: string): string {
  if (text === 'localhost') return '127.0.0.1';
  if (isIP(text) === 0) throw new InvalidArgumentError('An address is written like 127.0.0.1, 0.0.0.0 or ::.');
  return text;
}

/** They stand in every balancer's configuration, and in what status says where an address lies in none of them. */
const CIDRS = 64;

/** Some ranges of addresses; empty: none. */
export function cidrsOption(text: string): string[] {
  const cidrs = text
    .split(',')
    .map((each) => each.trim())
    .filter((each) => each !== '');
  const wrong = cidrs.find((each) => !isPrefix(each));
  if (wrong !== undefined) throw new InvalidArgumentError(`${wrong} is no CIDR; one is written like 10.0.0.0/8 or fd00::/8.`);
  if (cidrs.length > CIDRS) throw new InvalidArgumentError(`There may be ${CIDRS} CIDRs at most.`);
  return cidrs;
}

/** Processes that take the requests of a balancer. */
export function workersOption(text: string): number {
  if (!/^(?:[1-9]|1[0-6])$/.test(text)) throw new InvalidArgumentError('Workers are a number from 1 to 16.');
  return Number(text);
}
