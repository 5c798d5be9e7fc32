/** Ranges of addresses that are nobody's server, whoever names them, with what they are. */
export const FORBIDDEN_RANGES: readonly { readonly what: string; readonly cidrs: readonly string[] }[] = [
  // RFC 1122 §3.2.1.3: "this network"; Linux connects to the machine itself.
  { what: 'an unspecified address', cidrs: ['0.0.0.0/8', '::/128'] },
  { what: 'a loopback address', cidrs: ['127.0.0.0/8', '::1/128'] },
  // Among them is 169.254.169.254, where clouds hand out credentials.
  { what: 'a link-local address', cidrs: ['169.254.0.0/16', 'fe80::/10'] },
  { what: 'a multicast or broadcast address', cidrs: ['224.0.0.0/4', '255.255.255.255/32', 'ff00::/8'] },
  // Those that are not link-local: of AWS, Google Cloud, Azure and Alibaba Cloud.
  {
    what: "an address of the cloud's metadata service",
    cidrs: ['fd00:ec2::254/128', 'fd20:ce::254/128', '168.63.129.16/32', '100.100.100.200/32'],
  },
  // NAT64 of the site's own prefix (RFC 8215), and Teredo (RFC 4380): which IPv4 address stands behind cannot be told from them.
  { what: 'an address that stands for another one which cannot be told', cidrs: ['64:ff9b:1::/48', '2001::/32'] },
];
