// Generated from crds/ by scripts/generate.ts (npm run generate). Do not edit.
import type { StructuralSchema } from './validation/structural-schema.ts';

export const SCHEMA: StructuralSchema = {
  "type": "object",
  "required": [
    "apiVersion",
    "kind",
    "metadata",
    "spec"
  ],
  "x-kubernetes-validations": [
    {
      "rule": "self.metadata.name.size() <= 53 && self.metadata.name.matches('^[a-z][a-z0-9]*(-[a-z0-9]+)*$')",
      "message": "must be a DNS-1035 label of at most 53 characters (lower-case letters, digits and single hyphens; a letter first), because the objects made for it carry it in their names",
      "fieldPath": ".metadata.name"
    },
    {
      "rule": "self.spec.backends.all(b, b.type != 'Deployment' || self.metadata.name.size() + b.name.size() <= 61)",
      "message": "the names of the resource and of each backend of type Deployment must have at most 61 characters together, because they are joined to the name of a Service",
      "fieldPath": ".spec.backends"
    },
    {
      "rule": "self.spec.backends.all(b, !has(b.serviceRef) || b.serviceRef.name != (has(self.spec.service) && has(self.spec.service.name) ? self.spec.service.name : self.metadata.name))",
      "message": "a backend's serviceRef must not name the Service that clients of this resource use (spec.service.name), because requests would go in a circle",
      "fieldPath": ".spec.backends"
    },
    {
      "rule": "self.spec.backends.all(b, !has(b.serviceRef) || !b.serviceRef.name.contains('--') || b.serviceRef.name.split('--')[0] != self.metadata.name)",
      "message": "a backend's serviceRef must not name a Service that is made for this resource itself (its name and two hyphens)",
      "fieldPath": ".spec.backends"
    }
  ],
  "properties": {
    "apiVersion": {
      "type": "string"
    },
    "kind": {
      "type": "string"
    },
    "metadata": {
      "type": "object",
      "required": [
        "name"
      ],
      "properties": {
        "name": {
          "type": "string"
        },
        "generateName": {
          "type": "string"
        },
        "namespace": {
          "type": "string"
        },
        "labels": {
          "type": "object",
          "additionalProperties": {
            "type": "string"
          }
        },
        "annotations": {
          "type": "object",
          "additionalProperties": {
            "type": "string"
          }
        },
        "finalizers": {
          "type": "array",
          "items": {
            "type": "string"
          }
        },
        "ownerReferences": {
          "type": "array",
          "items": {
            "type": "object",
            "x-kubernetes-preserve-unknown-fields": true
          }
        },
        "managedFields": {
          "type": "array",
          "items": {
            "type": "object",
            "x-kubernetes-preserve-unknown-fields": true
          }
        },
        "uid": {
          "type": "string"
        },
        "resourceVersion": {
          "type": "string"
        },
        "generation": {
          "type": "integer"
        },
        "creationTimestamp": {
          "type": "string"
        },
        "deletionTimestamp": {
          "type": "string"
        },
        "deletionGracePeriodSeconds": {
          "type": "integer"
        },
        "selfLink": {
          "type": "string"
        }
      }
    },
    "spec": {
      "type": "object",
      "required": [
        "ports",
        "backends"
      ],
      "x-kubernetes-validations": [
        {
          "rule": "self.backends.all(b, !has(b.ports) || b.ports.all(p, !has(p.name) || self.ports.exists(q, q.name == p.name)))",
          "message": "each name in backends[].ports must be the name of a port in spec.ports",
          "fieldPath": ".backends"
        },
        {
          "rule": "self.ports.size() == 1 || self.backends.all(b, !has(b.ports) || b.ports.all(p, has(p.name)))",
          "message": "each of backends[].ports needs a name where spec.ports has several ports",
          "fieldPath": ".backends"
        },
        {
          "rule": "self.backends.all(b, !has(b.addresses) || b.addresses.all(a, !has(a.portName) || self.ports.exists(q, q.name == a.portName)))",
          "message": "each portName in backends[].addresses must be the name of a port in spec.ports",
          "fieldPath": ".backends"
        },
        {
          "rule": "self.ports.size() == 1 || self.backends.all(b, !has(b.addresses) || b.addresses.all(a, has(a.portName)))",
          "message": "each of backends[].addresses needs a portName where spec.ports has several ports",
          "fieldPath": ".backends"
        },
        {
          "rule": "self.ports.size() == 1 || self.ports.all(q, self.backends.exists(b, (has(b.ports) && b.ports.exists(p, has(p.name) && p.name == q.name)) || (has(b.addresses) && b.addresses.exists(a, has(a.portName) && a.portName == q.name))))",
          "message": "each port in spec.ports must be served by at least one backend",
          "fieldPath": ".ports"
        },
        {
          "rule": "self.ports.exists(q, !has(q.protocol) || q.protocol.startsWith('HTTP')) || self.backends.all(b, !has(b.protocol))",
          "message": "protocol of a backend is for resources with a port of protocol HTTP",
          "fieldPath": ".backends"
        },
        {
          "rule": "self.ports.exists(q, has(q.protocol) && q.protocol == 'TLS') || self.backends.all(b, !has(b.serverNames))",
          "message": "serverNames of a backend are for resources with a port of protocol TLS",
          "fieldPath": ".backends"
        },
        {
          "rule": "!has(self.limits) || !has(self.limits.requestsPerServer) || !has(self.balancer) || !has(self.balancer.dedicated) || !has(self.balancer.dedicated.workers) || self.limits.requestsPerServer >= self.balancer.dedicated.workers",
          "message": "requestsPerServer is shared out among balancer.dedicated.workers, so it must be at least as many",
          "fieldPath": ".limits"
        }
      ],
      "properties": {
        "suspend": {
          "type": "boolean"
        },
        "service": {
          "type": "object",
          "properties": {
            "name": {
              "type": "string",
              "minLength": 1,
              "maxLength": 63,
              "x-kubernetes-validations": [
                {
                  "rule": "self.matches('^[a-z][a-z0-9]*(-[a-z0-9]+)*$')",
                  "message": "must be a DNS-1035 label (lower-case letters, digits and single hyphens; a letter first)"
                }
              ]
            },
            "type": {
              "type": "string",
              "enum": [
                "ClusterIP",
                "NodePort",
                "LoadBalancer"
              ]
            },
            "adoption": {
              "type": "string",
              "enum": [
                "Never",
                "IfUnowned"
              ]
            },
            "deletion": {
              "type": "string",
              "enum": [
                "Delete",
                "Orphan"
              ]
            }
          }
        },
        "ports": {
          "type": "array",
          "minItems": 1,
          "maxItems": 16,
          "x-kubernetes-list-type": "map",
          "x-kubernetes-list-map-keys": [
            "name"
          ],
          "x-kubernetes-validations": [
            {
              "rule": "self.all(p, self.exists_one(q, q.port == p.port))",
              "message": "each port number may be given only once"
            }
          ],
          "items": {
            "type": "object",
            "required": [
              "name",
              "port"
            ],
            "x-kubernetes-validations": [
              {
                "rule": "!has(self.trustedProxies) || !has(self.protocol) || self.protocol == 'HTTP' || self.protocol == 'HTTPS'",
                "message": "trustedProxies is only for protocol HTTP or HTTPS",
                "fieldPath": ".trustedProxies"
              },
              {
                "rule": "has(self.protocol) && self.protocol == 'HTTPS' ? has(self.tls) : !has(self.tls)",
                "message": "a port of protocol HTTPS needs tls, and no other protocol may have it",
                "fieldPath": ".tls"
              }
            ],
            "properties": {
              "name": {
                "type": "string",
                "minLength": 1,
                "maxLength": 15,
                "x-kubernetes-validations": [
                  {
                    "rule": "self.matches('^[a-z][a-z0-9]*(-[a-z0-9]+)*$')",
                    "message": "must be a DNS-1035 label (lower-case letters, digits and single hyphens; a letter first)"
                  }
                ]
              },
              "port": {
                "type": "integer",
                "format": "int32",
                "minimum": 1,
                "maximum": 65535
              },
              "protocol": {
                "type": "string",
                "enum": [
                  "HTTP",
                  "HTTPS",
                  "TCP",
                  "TLS"
                ]
              },
              "tls": {
                "type": "object",
                "required": [
                  "certificateRefs"
                ],
                "properties": {
                  "certificateRefs": {
                    "type": "array",
                    "minItems": 1,
                    "maxItems": 16,
                    "x-kubernetes-list-type": "map",
                    "x-kubernetes-list-map-keys": [
                      "name"
                    ],
                    "items": {
                      "type": "object",
                      "required": [
                        "name"
                      ],
                      "properties": {
                        "name": {
                          "type": "string",
                          "minLength": 1,
                          "maxLength": 253,
                          "x-kubernetes-validations": [
                            {
                              "rule": "self.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*$')",
                              "message": "must be the name of a Secret (lower-case letters, digits, hyphens and dots)"
                            }
                          ]
                        }
                      }
                    }
                  },
                  "minVersion": {
                    "type": "string",
                    "enum": [
                      "1.2",
                      "1.3"
                    ]
                  },
                  "clientValidation": {
                    "type": "object",
                    "required": [
                      "caCertificateRef"
                    ],
                    "properties": {
                      "caCertificateRef": {
                        "type": "object",
                        "required": [
                          "name"
                        ],
                        "properties": {
                          "name": {
                            "type": "string",
                            "minLength": 1,
                            "maxLength": 253,
                            "x-kubernetes-validations": [
                              {
                                "rule": "self.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*$')",
                                "message": "must be the name of a Secret (lower-case letters, digits, hyphens and dots)"
                              }
                            ]
                          }
                        }
                      }
                    }
                  }
                }
              },
              "trustedProxies": {
                "type": "array",
                "maxItems": 32,
                "x-kubernetes-list-type": "set",
                "items": {
                  "type": "string",
                  "minLength": 1,
                  "maxLength": 43,
                  "x-kubernetes-validations": [
                    {
                      "rule": "isCIDR(self)",
                      "message": "must be a CIDR, such as 10.0.0.0/8 or fd00::/8"
                    }
                  ]
                }
              },
              "proxyProtocol": {
                "type": "boolean"
              },
              "maxConnectionAge": {
                "type": "string",
                "minLength": 1,
                "maxLength": 28,
                "x-kubernetes-validations": [
                  {
                    "rule": "self.matches('^([0-9]{1,5}(h|m|s|ms)){1,4}$') && duration(self) >= duration('1s') && duration(self) <= duration('168h')",
                    "message": "must be a duration of 1s to 168h, such as 30m or 1h30m"
                  }
                ]
              }
            }
          }
        },
        "backends": {
          "type": "array",
          "minItems": 1,
          "maxItems": 16,
          "x-kubernetes-list-type": "map",
          "x-kubernetes-list-map-keys": [
            "name"
          ],
          "x-kubernetes-validations": [
            {
              "rule": "self.exists(b, !has(b.weight) || b.weight > 0)",
              "message": "at least one backend must have a weight over 0"
            }
          ],
          "items": {
            "type": "object",
            "required": [
              "name",
              "type"
            ],
            "x-kubernetes-validations": [
              {
                "rule": "self.type == 'Deployment' ? has(self.deployment) : !has(self.deployment)",
                "message": "a backend of type Deployment needs deployment, and no other type may have it",
                "fieldPath": ".deployment"
              },
              {
                "rule": "self.type == 'Service' ? has(self.serviceRef) : !has(self.serviceRef)",
                "message": "a backend of type Service needs serviceRef, and no other type may have it",
                "fieldPath": ".serviceRef"
              },
              {
                "rule": "self.type == 'Addresses' ? has(self.addresses) : !has(self.addresses)",
                "message": "a backend of type Addresses needs addresses, and no other type may have them",
                "fieldPath": ".addresses"
              },
              {
                "rule": "self.type == 'Addresses' ? !has(self.ports) : has(self.ports)",
                "message": "a backend of type Deployment or Service needs ports, and one of type Addresses has them in its addresses",
                "fieldPath": ".ports"
              },
              {
                "rule": "self.type != 'Addresses' || !has(self.serverWeight)",
                "message": "serverWeight is not for a backend of type Addresses, where each address has its own weight",
                "fieldPath": ".serverWeight"
              },
              {
                "rule": "self.type != 'Deployment' || !has(self.ports) || self.ports.all(p, type(p.port) == int)",
                "message": "a port of a backend of type Deployment must be a number",
                "fieldPath": ".ports"
              }
            ],
            "properties": {
              "name": {
                "type": "string",
                "minLength": 1,
                "maxLength": 60,
                "x-kubernetes-validations": [
                  {
                    "rule": "self.matches('^[a-z][a-z0-9]*(-[a-z0-9]+)*$')",
                    "message": "must be a DNS-1035 label (lower-case letters, digits and single hyphens; a letter first)"
                  },
                  {
                    "rule": "self != 'balancer'",
                    "message": "must not be balancer, because the objects of the balancer itself have that name"
                  }
                ]
              },
              "type": {
                "type": "string",
                "enum": [
                  "Deployment",
                  "Service",
                  "Addresses"
                ]
              },
              "weight": {
                "type": "integer",
                "format": "int32",
                "minimum": 0,
                "maximum": 1000
              },
              "protocol": {
                "type": "string",
                "enum": [
                  "HTTP1",
                  "HTTP2"
                ]
              },
              "serverWeight": {
                "type": "integer",
                "format": "int32",
                "minimum": 1,
                "maximum": 1000
              },
              "ports": {
                "type": "array",
                "minItems": 1,
                "maxItems": 16,
                "x-kubernetes-list-type": "atomic",
                "x-kubernetes-validations": [
                  {
                    "rule": "self.all(p, self.exists_one(q, (has(q.name) ? q.name : '') == (has(p.name) ? p.name : '')))",
                    "message": "each port name may be given only once in a backend"
                  },
                  {
                    "rule": "self.all(p, self.exists_one(q, q.port == p.port))",
                    "message": "each port may be given only once in a backend"
                  }
                ],
                "items": {
                  "type": "object",
                  "required": [
                    "port"
                  ],
                  "properties": {
                    "name": {
                      "type": "string",
                      "minLength": 1,
                      "maxLength": 15
                    },
                    "port": {
                      "x-kubernetes-int-or-string": true,
                      "maxLength": 63,
                      "x-kubernetes-validations": [
                        {
                          "rule": "type(self) == int ? (self >= 1 && self <= 65535) : self.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?$')",
                          "message": "must be a port number from 1 to 65535, or the name of a port"
                        }
                      ]
                    }
                  }
                }
              },
              "tls": {
                "type": "object",
                "required": [
                  "caCertificateRef",
                  "hostname"
                ],
                "properties": {
                  "caCertificateRef": {
                    "type": "object",
                    "required": [
                      "name"
                    ],
                    "properties": {
                      "name": {
                        "type": "string",
                        "minLength": 1,
                        "maxLength": 253,
                        "x-kubernetes-validations": [
                          {
                            "rule": "self.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*$')",
                            "message": "must be the name of a Secret (lower-case letters, digits, hyphens and dots)"
                          }
                        ]
                      }
                    }
                  },
                  "hostname": {
                    "type": "string",
                    "minLength": 1,
                    "maxLength": 253,
                    "x-kubernetes-validations": [
                      {
                        "rule": "!isIP(self) && self.matches('^[a-zA-Z0-9]([-a-zA-Z0-9]{0,61}[a-zA-Z0-9])?([.][a-zA-Z0-9]([-a-zA-Z0-9]{0,61}[a-zA-Z0-9])?)*$')",
                        "message": "must be a DNS name, without port, wildcard or blanks"
                      }
                    ]
                  },
                  "certificateRef": {
                    "type": "object",
                    "required": [
                      "name"
                    ],
                    "properties": {
                      "name": {
                        "type": "string",
                        "minLength": 1,
                        "maxLength": 253,
                        "x-kubernetes-validations": [
                          {
                            "rule": "self.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*$')",
                            "message": "must be the name of a Secret (lower-case letters, digits, hyphens and dots)"
                          }
                        ]
                      }
                    }
                  }
                }
              },
              "proxyProtocol": {
                "type": "string",
                "enum": [
                  "V1",
                  "V2"
                ]
              },
              "serverNames": {
                "type": "array",
                "minItems": 1,
                "maxItems": 16,
                "x-kubernetes-list-type": "set",
                "items": {
                  "type": "string",
                  "minLength": 1,
                  "maxLength": 253,
                  "x-kubernetes-validations": [
                    {
                      "rule": "!isIP(self) && self.matches('^([*][.])?[a-zA-Z0-9_]([-a-zA-Z0-9_]{0,61}[a-zA-Z0-9_])?([.][a-zA-Z0-9_]([-a-zA-Z0-9_]{0,61}[a-zA-Z0-9_])?)*$')",
                      "message": "must be a DNS name, or one below `*.`, without port or blanks"
                    }
                  ]
                }
              },
              "deployment": {
                "type": "object",
                "required": [
                  "template"
                ],
                "properties": {
                  "replicas": {
                    "type": "integer",
                    "format": "int32",
                    "minimum": 0,
                    "maximum": 1000
                  },
                  "template": {
                    "type": "object",
                    "x-kubernetes-preserve-unknown-fields": true
                  }
                }
              },
              "serviceRef": {
                "type": "object",
                "required": [
                  "name"
                ],
                "properties": {
                  "name": {
                    "type": "string",
                    "minLength": 1,
                    "maxLength": 63,
                    "x-kubernetes-validations": [
                      {
                        "rule": "self.matches('^[a-z]([-a-z0-9]*[a-z0-9])?$')",
                        "message": "must be a DNS-1035 label (lower-case letters, digits and hyphens; a letter first)"
                      }
                    ]
                  }
                }
              },
              "addresses": {
                "type": "array",
                "minItems": 1,
                "maxItems": 100,
                "x-kubernetes-list-type": "map",
                "x-kubernetes-list-map-keys": [
                  "host",
                  "port"
                ],
                "items": {
                  "type": "object",
                  "required": [
                    "host",
                    "port"
                  ],
                  "properties": {
                    "host": {
                      "type": "string",
                      "minLength": 1,
                      "maxLength": 253,
                      "x-kubernetes-validations": [
                        {
                          "rule": "isIP(self) || (!self.matches('^[0-9.]+$') && self.matches('^[a-zA-Z0-9]([-a-zA-Z0-9]{0,61}[a-zA-Z0-9])?([.][a-zA-Z0-9]([-a-zA-Z0-9]{0,61}[a-zA-Z0-9])?)*[.]?$'))",
                          "message": "must be an IP address or a DNS name, without brackets, port or blanks"
                        }
                      ]
                    },
                    "port": {
                      "type": "integer",
                      "format": "int32",
                      "minimum": 1,
                      "maximum": 65535
                    },
                    "portName": {
                      "type": "string",
                      "minLength": 1,
                      "maxLength": 15
                    },
                    "weight": {
                      "type": "integer",
                      "format": "int32",
                      "minimum": 1,
                      "maximum": 1000
                    }
                  }
                }
              }
            }
          }
        },
        "strategy": {
          "type": "object",
          "properties": {
            "type": {
              "type": "string",
              "enum": [
                "RoundRobin",
                "Random",
                "WeightedRoundRobin"
              ]
            }
          }
        },
        "heartbeat": {
          "type": "object",
          "x-kubernetes-validations": [
            {
              "rule": "!has(self.http) || (has(self.type) && self.type == 'HTTP')",
              "message": "http is only for a heartbeat of type HTTP",
              "fieldPath": ".http"
            },
            {
              "rule": "!has(self.tcp) || !has(self.type) || self.type == 'TCP'",
              "message": "tcp is only for a heartbeat of type TCP",
              "fieldPath": ".tcp"
            },
            {
              "rule": "!has(self.grpc) || (has(self.type) && self.type == 'GRPC')",
              "message": "grpc is only for a heartbeat of type GRPC",
              "fieldPath": ".grpc"
            },
            {
              "rule": "!has(self.timeout) || (has(self.schedule) && self.schedule.type != 'Fixed') || !self.timeout.matches('^([0-9]{1,5}(h|m|s|ms)){1,4}$') || (has(self.schedule) && has(self.schedule.fixed) && has(self.schedule.fixed.interval) ? !self.schedule.fixed.interval.matches('^([0-9]{1,5}(h|m|s|ms)){1,4}$') || duration(self.timeout) <= duration(self.schedule.fixed.interval) : duration(self.timeout) <= duration('1s'))",
              "message": "timeout must not be over the fixed interval (1s unless schedule.fixed.interval is given)",
              "fieldPath": ".timeout"
            }
          ],
          "properties": {
            "type": {
              "type": "string",
              "enum": [
                "HTTP",
                "TCP",
                "GRPC"
              ]
            },
            "http": {
              "type": "object",
              "properties": {
                "path": {
                  "type": "string",
                  "minLength": 1,
                  "maxLength": 1024,
                  "x-kubernetes-validations": [
                    {
                      "rule": "self.matches(r\"^/([A-Za-z0-9._~!$&'()*+,;=:@/?-]|%[0-9A-Fa-f]{2})*$\")",
                      "message": "must start with / and hold no blanks, line breaks or control characters; others than those of a URL path and query are written as %XX"
                    }
                  ]
                },
                "port": {
                  "type": "integer",
                  "format": "int32",
                  "minimum": 1,
                  "maximum": 65535
                },
                "host": {
                  "type": "string",
                  "minLength": 1,
                  "maxLength": 261,
                  "x-kubernetes-validations": [
                    {
                      "rule": "self.matches('^([A-Za-z0-9]([-A-Za-z0-9.]*[A-Za-z0-9])?|\\\\[[0-9A-Fa-f:.]+\\\\])(:[0-9]{1,5})?$')",
                      "message": "must be a host name or IP address (IPv6 in brackets), with or without a port"
                    }
                  ]
                },
                "headers": {
                  "type": "array",
                  "maxItems": 16,
                  "x-kubernetes-list-type": "map",
                  "x-kubernetes-list-map-keys": [
                    "name"
                  ],
                  "items": {
                    "type": "object",
                    "required": [
                      "name",
                      "value"
                    ],
                    "properties": {
                      "name": {
                        "type": "string",
                        "minLength": 1,
                        "maxLength": 128,
                        "x-kubernetes-validations": [
                          {
                            "rule": "self.matches(r\"^[A-Za-z0-9!#$%&'*+.^_`|~-]+$\")",
                            "message": "must be an HTTP field name (letters, digits and !#$%&'*+-.^_`|~)"
                          },
                          {
                            "rule": "!(self.lowerAscii() in ['host', 'connection', 'content-length', 'transfer-encoding', 'expect', 'keep-alive', 'proxy-connection', 'te', 'trailer', 'upgrade'])",
                            "message": "must not be Host or a field that frames the message or belongs to the connection (Connection, Content-Length, Transfer-Encoding, Expect, Keep-Alive, Proxy-Connection, TE, Trailer, Upgrade)"
                          }
                        ]
                      },
                      "value": {
                        "type": "string",
                        "maxLength": 1024,
                        "x-kubernetes-validations": [
                          {
                            "rule": "self.matches('^([!-~]([ -~]*[!-~])?)?$')",
                            "message": "must be printable ASCII without line breaks, and without blanks at its ends"
                          }
                        ]
                      }
                    }
                  }
                },
                "expectedStatuses": {
                  "type": "array",
                  "minItems": 1,
                  "maxItems": 16,
                  "x-kubernetes-list-type": "atomic",
                  "items": {
                    "type": "object",
                    "required": [
                      "start",
                      "end"
                    ],
                    "x-kubernetes-validations": [
                      {
                        "rule": "self.start <= self.end",
                        "message": "start must not be over end"
                      }
                    ],
                    "properties": {
                      "start": {
                        "type": "integer",
                        "format": "int32",
                        "minimum": 100,
                        "maximum": 599
                      },
                      "end": {
                        "type": "integer",
                        "format": "int32",
                        "minimum": 100,
                        "maximum": 599
                      }
                    }
                  }
                }
              }
            },
            "tcp": {
              "type": "object",
              "properties": {
                "port": {
                  "type": "integer",
                  "format": "int32",
                  "minimum": 1,
                  "maximum": 65535
                }
              }
            },
            "grpc": {
              "type": "object",
              "properties": {
                "service": {
                  "type": "string",
                  "maxLength": 256,
                  "x-kubernetes-validations": [
                    {
                      "rule": "self.matches('^[A-Za-z0-9._/-]*$')",
                      "message": "must be a name of letters, digits, dots, slashes, underscores and hyphens"
                    }
                  ]
                },
                "port": {
                  "type": "integer",
                  "format": "int32",
                  "minimum": 1,
                  "maximum": 65535
                }
              }
            },
            "schedule": {
              "type": "object",
              "required": [
                "type"
              ],
              "x-kubernetes-validations": [
                {
                  "rule": "self.type == 'Fixed' || !has(self.fixed)",
                  "message": "fixed is only for a schedule of type Fixed",
                  "fieldPath": ".fixed"
                },
                {
                  "rule": "self.type == 'Budget' ? has(self.budget) : !has(self.budget)",
                  "message": "a schedule of type Budget needs budget, and no other type may have it",
                  "fieldPath": ".budget"
                },
                {
                  "rule": "self.type == 'Measured' || !has(self.measured)",
                  "message": "measured is only for a schedule of type Measured",
                  "fieldPath": ".measured"
                }
              ],
              "properties": {
                "type": {
                  "type": "string",
                  "enum": [
                    "Fixed",
                    "Budget",
                    "Measured"
                  ]
                },
                "fixed": {
                  "type": "object",
                  "properties": {
                    "interval": {
                      "type": "string",
                      "minLength": 1,
                      "maxLength": 28,
                      "x-kubernetes-validations": [
                        {
                          "rule": "self.matches('^([0-9]{1,5}(h|m|s|ms)){1,4}$') && duration(self) >= duration('50ms') && duration(self) <= duration('1h')",
                          "message": "must be a duration of 50ms to 1h, such as 500ms or 2s"
                        }
                      ]
                    }
                  }
                },
                "budget": {
                  "type": "object",
                  "required": [
                    "checksPerSecond"
                  ],
                  "x-kubernetes-validations": [
                    {
                      "rule": "(has(self.minInterval) && !self.minInterval.matches('^([0-9]{1,5}(h|m|s|ms)){1,4}$')) || (has(self.maxInterval) && !self.maxInterval.matches('^([0-9]{1,5}(h|m|s|ms)){1,4}$')) || duration(has(self.minInterval) ? self.minInterval : '200ms') <= duration(has(self.maxInterval) ? self.maxInterval : '10s')",
                      "message": "minInterval (200ms unless given) must not be over maxInterval (10s unless given)",
                      "fieldPath": ".minInterval"
                    }
                  ],
                  "properties": {
                    "checksPerSecond": {
                      "type": "integer",
                      "format": "int32",
                      "minimum": 1,
                      "maximum": 10000
                    },
                    "minInterval": {
                      "type": "string",
                      "minLength": 1,
                      "maxLength": 28,
                      "x-kubernetes-validations": [
                        {
                          "rule": "self.matches('^([0-9]{1,5}(h|m|s|ms)){1,4}$') && duration(self) >= duration('50ms') && duration(self) <= duration('1h')",
                          "message": "must be a duration of 50ms to 1h, such as 500ms or 2s"
                        }
                      ]
                    },
                    "maxInterval": {
                      "type": "string",
                      "minLength": 1,
                      "maxLength": 28,
                      "x-kubernetes-validations": [
                        {
                          "rule": "self.matches('^([0-9]{1,5}(h|m|s|ms)){1,4}$') && duration(self) >= duration('50ms') && duration(self) <= duration('1h')",
                          "message": "must be a duration of 50ms to 1h, such as 500ms or 2s"
                        }
                      ]
                    }
                  }
                },
                "measured": {
                  "type": "object",
                  "x-kubernetes-validations": [
                    {
                      "rule": "(has(self.minInterval) && !self.minInterval.matches('^([0-9]{1,5}(h|m|s|ms)){1,4}$')) || (has(self.maxInterval) && !self.maxInterval.matches('^([0-9]{1,5}(h|m|s|ms)){1,4}$')) || duration(has(self.minInterval) ? self.minInterval : '200ms') <= duration(has(self.maxInterval) ? self.maxInterval : '10s')",
                      "message": "minInterval (200ms unless given) must not be over maxInterval (10s unless given)",
                      "fieldPath": ".minInterval"
                    }
                  ],
                  "properties": {
                    "minInterval": {
                      "type": "string",
                      "minLength": 1,
                      "maxLength": 28,
                      "x-kubernetes-validations": [
                        {
                          "rule": "self.matches('^([0-9]{1,5}(h|m|s|ms)){1,4}$') && duration(self) >= duration('50ms') && duration(self) <= duration('1h')",
                          "message": "must be a duration of 50ms to 1h, such as 500ms or 2s"
                        }
                      ]
                    },
                    "maxInterval": {
                      "type": "string",
                      "minLength": 1,
                      "maxLength": 28,
                      "x-kubernetes-validations": [
                        {
                          "rule": "self.matches('^([0-9]{1,5}(h|m|s|ms)){1,4}$') && duration(self) >= duration('50ms') && duration(self) <= duration('1h')",
                          "message": "must be a duration of 50ms to 1h, such as 500ms or 2s"
                        }
                      ]
                    }
                  }
                }
              }
            },
            "timeout": {
              "type": "string",
              "minLength": 1,
              "maxLength": 28,
              "x-kubernetes-validations": [
                {
                  "rule": "self.matches('^([0-9]{1,5}(h|m|s|ms)){1,4}$') && duration(self) >= duration('1ms') && duration(self) <= duration('1h')",
                  "message": "must be a duration of 1ms to 1h, such as 500ms or 2s"
                }
              ]
            },
            "failureThreshold": {
              "type": "integer",
              "format": "int32",
              "minimum": 1,
              "maximum": 100
            },
            "successThreshold": {
              "type": "integer",
              "format": "int32",
              "minimum": 1,
              "maximum": 100
            },
            "jitterPercent": {
              "type": "integer",
              "format": "int32",
              "minimum": 0,
              "maximum": 50
            }
          }
        },
        "failover": {
          "type": "object",
          "properties": {
            "retryMethods": {
              "type": "string",
              "enum": [
                "Safe",
                "Idempotent",
                "Keyed",
                "None"
              ]
            },
            "retryBudgetPercent": {
              "type": "integer",
              "format": "int32",
              "minimum": 0,
              "maximum": 100
            },
            "replayBufferBytes": {
              "type": "integer",
              "format": "int32",
              "minimum": 0,
              "maximum": 1048576
            },
            "maxEjectedPercent": {
              "type": "integer",
              "format": "int32",
              "minimum": 0,
              "maximum": 100
            },
            "connectTimeout": {
              "type": "string",
              "minLength": 1,
              "maxLength": 28,
              "x-kubernetes-validations": [
                {
                  "rule": "self.matches('^([0-9]{1,5}(h|m|s|ms)){1,4}$') && duration(self) >= duration('1ms') && duration(self) <= duration('1h')",
                  "message": "must be a duration of 1ms to 1h, such as 500ms or 2s"
                }
              ]
            },
            "responseTimeout": {
              "type": "string",
              "minLength": 1,
              "maxLength": 28,
              "x-kubernetes-validations": [
                {
                  "rule": "self.matches('^([0-9]{1,5}(h|m|s|ms)){1,4}$') && duration(self) >= duration('1ms') && duration(self) <= duration('24h')",
                  "message": "must be a duration of 1ms to 24h, such as 10s or 5m"
                }
              ]
            },
            "drainTimeout": {
              "type": "string",
              "minLength": 1,
              "maxLength": 28,
              "x-kubernetes-validations": [
                {
                  "rule": "self.matches('^([0-9]{1,5}(h|m|s|ms)){1,4}$') && duration(self) >= duration('1ms') && duration(self) <= duration('1h')",
                  "message": "must be a duration of 1ms to 1h, such as 500ms or 2s"
                }
              ]
            }
          }
        },
        "limits": {
          "type": "object",
          "x-kubernetes-validations": [
            {
              "rule": "has(self.requestsPerServer) || !(has(self.pendingRequests) || has(self.pendingTimeout))",
              "message": "pendingRequests and pendingTimeout are only for where requestsPerServer is given"
            }
          ],
          "properties": {
            "headerBytes": {
              "type": "integer",
              "format": "int32",
              "minimum": 1024,
              "maximum": 1048576
            },
            "headerCount": {
              "type": "integer",
              "format": "int32",
              "minimum": 8,
              "maximum": 1024
            },
            "uriBytes": {
              "type": "integer",
              "format": "int32",
              "minimum": 256,
              "maximum": 65536
            },
            "bodyBytes": {
              "type": "integer",
              "format": "int64",
              "minimum": 1,
              "maximum": 1099511627776
            },
            "connectionsPerPort": {
              "type": "integer",
              "format": "int32",
              "minimum": 1,
              "maximum": 1000000
            },
            "requestsPerConnection": {
              "type": "integer",
              "format": "int32",
              "minimum": 1,
              "maximum": 1000000000
            },
            "headerTimeout": {
              "type": "string",
              "minLength": 1,
              "maxLength": 28,
              "x-kubernetes-validations": [
                {
                  "rule": "self.matches('^([0-9]{1,5}(h|m|s|ms)){1,4}$') && duration(self) >= duration('1s') && duration(self) <= duration('1h')",
                  "message": "must be a duration of 1s to 1h, such as 5s or 1m"
                }
              ]
            },
            "bodyTimeout": {
              "type": "string",
              "minLength": 1,
              "maxLength": 28,
              "x-kubernetes-validations": [
                {
                  "rule": "self.matches('^([0-9]{1,5}(h|m|s|ms)){1,4}$') && duration(self) >= duration('1s') && duration(self) <= duration('1h')",
                  "message": "must be a duration of 1s to 1h, such as 5s or 1m"
                }
              ]
            },
            "bodyProgressBytes": {
              "type": "integer",
              "format": "int32",
              "minimum": 1,
              "maximum": 1048576
            },
            "idleTimeout": {
              "type": "string",
              "minLength": 1,
              "maxLength": 28,
              "x-kubernetes-validations": [
                {
                  "rule": "self.matches('^([0-9]{1,5}(h|m|s|ms)){1,4}$') && duration(self) >= duration('1s') && duration(self) <= duration('24h')",
                  "message": "must be a duration of 1s to 24h, such as 30s or 5m"
                }
              ]
            },
            "writeTimeout": {
              "type": "string",
              "minLength": 1,
              "maxLength": 28,
              "x-kubernetes-validations": [
                {
                  "rule": "self.matches('^([0-9]{1,5}(h|m|s|ms)){1,4}$') && duration(self) >= duration('1s') && duration(self) <= duration('1h')",
                  "message": "must be a duration of 1s to 1h, such as 5s or 1m"
                }
              ]
            },
            "requestTimeout": {
              "type": "string",
              "minLength": 1,
              "maxLength": 28,
              "x-kubernetes-validations": [
                {
                  "rule": "self.matches('^([0-9]{1,5}(h|m|s|ms)){1,4}$') && duration(self) >= duration('10ms') && duration(self) <= duration('24h')",
                  "message": "must be a duration of 10ms to 24h, such as 500ms or 10s"
                }
              ]
            },
            "tunnelIdleTimeout": {
              "type": "string",
              "minLength": 1,
              "maxLength": 28,
              "x-kubernetes-validations": [
                {
                  "rule": "self.matches('^([0-9]{1,5}(h|m|s|ms)){1,4}$') && duration(self) >= duration('1s') && duration(self) <= duration('168h')",
                  "message": "must be a duration of 1s to 168h, such as 10m or 1h"
                }
              ]
            },
            "tunnelHalfOpenTimeout": {
              "type": "string",
              "minLength": 1,
              "maxLength": 28,
              "x-kubernetes-validations": [
                {
                  "rule": "self.matches('^([0-9]{1,5}(h|m|s|ms)){1,4}$') && duration(self) >= duration('1s') && duration(self) <= duration('168h')",
                  "message": "must be a duration of 1s to 168h, such as 10m or 1h"
                }
              ]
            },
            "requestsPerServer": {
              "type": "integer",
              "format": "int32",
              "minimum": 1,
              "maximum": 100000
            },
            "pendingRequests": {
              "type": "integer",
              "format": "int32",
              "minimum": 0,
              "maximum": 100000
            },
            "pendingTimeout": {
              "type": "string",
              "minLength": 1,
              "maxLength": 28,
              "x-kubernetes-validations": [
                {
                  "rule": "self.matches('^([0-9]{1,5}(h|m|s|ms)){1,4}$') && duration(self) >= duration('10ms') && duration(self) <= duration('1h')",
                  "message": "must be a duration of 10ms to 1h, such as 500ms or 2s"
                }
              ]
            }
          }
        },
        "balancer": {
          "type": "object",
          "required": [
            "type"
          ],
          "properties": {
            "type": {
              "type": "string",
              "enum": [
                "Dedicated"
              ]
            },
            "dedicated": {
              "type": "object",
              "properties": {
                "replicas": {
                  "type": "integer",
                  "format": "int32",
                  "minimum": 1,
                  "maximum": 100
                },
                "workers": {
                  "type": "integer",
                  "format": "int32",
                  "minimum": 1,
                  "maximum": 16
                },
                "template": {
                  "type": "object",
                  "properties": {
                    "metadata": {
                      "type": "object",
                      "properties": {
                        "labels": {
                          "type": "object",
                          "maxProperties": 64,
                          "additionalProperties": {
                            "type": "string",
                            "maxLength": 63
                          },
                          "x-kubernetes-validations": [
                            {
                              "rule": "!self.exists(k, k.startsWith('evenkeel.dev/') || k in ['app.kubernetes.io/name', 'app.kubernetes.io/component', 'app.kubernetes.io/managed-by'])",
                              "message": "must not give the labels that are the operator's own (evenkeel.dev/..., app.kubernetes.io/name, component and managed-by)"
                            }
                          ]
                        },
                        "annotations": {
                          "type": "object",
                          "maxProperties": 64,
                          "additionalProperties": {
                            "type": "string",
                            "maxLength": 65536
                          },
                          "x-kubernetes-validations": [
                            {
                              "rule": "!self.exists(k, k.startsWith('evenkeel.dev/'))",
                              "message": "must not give annotations under evenkeel.dev/, which are the operator's own"
                            }
                          ]
                        }
                      }
                    },
                    "spec": {
                      "type": "object",
                      "x-kubernetes-validations": [
                        {
                          "rule": "!has(self.serviceAccountName)",
                          "message": "serviceAccountName cannot be changed, because the balancer's rights go with its own service account",
                          "fieldPath": ".serviceAccountName"
                        },
                        {
                          "rule": "!has(self.securityContext)",
                          "message": "securityContext cannot be changed, because the balancer runs under the restricted Pod Security Standard; one of a further container can be given there",
                          "fieldPath": ".securityContext"
                        }
                      ],
                      "properties": {
                        "containers": {
                          "type": "array",
                          "maxItems": 16,
                          "x-kubernetes-list-type": "map",
                          "x-kubernetes-list-map-keys": [
                            "name"
                          ],
                          "x-kubernetes-validations": [
                            {
                              "rule": "self.all(c, c.name != 'balancer' || !(has(c.image) || has(c.imagePullPolicy) || has(c.command) || has(c.args) || has(c.workingDir) || has(c.env) || has(c.envFrom) || has(c.ports) || has(c.volumeMounts) || has(c.volumeDevices) || has(c.lifecycle) || has(c.livenessProbe) || has(c.readinessProbe) || has(c.startupProbe) || has(c.securityContext)))",
                              "message": "of the container balancer only resources can be given; its image, command, args, environment, mounts, ports, probes and security context cannot be changed"
                            },
                            {
                              "rule": "self.all(c, c.name == 'balancer' || has(c.image))",
                              "message": "each container but balancer needs an image"
                            }
                          ],
                          "items": {
                            "type": "object",
                            "x-kubernetes-preserve-unknown-fields": true,
                            "required": [
                              "name"
                            ],
                            "properties": {
                              "name": {
                                "type": "string",
                                "minLength": 1,
                                "maxLength": 63
                              },
                              "image": {
                                "type": "string",
                                "maxLength": 4096
                              },
                              "imagePullPolicy": {
                                "type": "string",
                                "maxLength": 4096
                              },
                              "command": {
                                "type": "array",
                                "maxItems": 256,
                                "x-kubernetes-list-type": "atomic",
                                "items": {
                                  "type": "string",
                                  "maxLength": 65536
                                }
                              },
                              "args": {
                                "type": "array",
                                "maxItems": 256,
                                "x-kubernetes-list-type": "atomic",
                                "items": {
                                  "type": "string",
                                  "maxLength": 65536
                                }
                              },
                              "workingDir": {
                                "type": "string",
                                "maxLength": 4096
                              },
                              "env": {
                                "type": "array",
                                "maxItems": 256,
                                "x-kubernetes-list-type": "atomic",
                                "items": {
                                  "type": "object",
                                  "x-kubernetes-preserve-unknown-fields": true
                                }
                              },
                              "envFrom": {
                                "type": "array",
                                "maxItems": 256,
                                "x-kubernetes-list-type": "atomic",
                                "items": {
                                  "type": "object",
                                  "x-kubernetes-preserve-unknown-fields": true
                                }
                              },
                              "ports": {
                                "type": "array",
                                "maxItems": 256,
                                "x-kubernetes-list-type": "atomic",
                                "items": {
                                  "type": "object",
                                  "x-kubernetes-preserve-unknown-fields": true
                                }
                              },
                              "volumeMounts": {
                                "type": "array",
                                "maxItems": 256,
                                "x-kubernetes-list-type": "atomic",
                                "items": {
                                  "type": "object",
                                  "x-kubernetes-preserve-unknown-fields": true
                                }
                              },
                              "volumeDevices": {
                                "type": "array",
                                "maxItems": 256,
                                "x-kubernetes-list-type": "atomic",
                                "items": {
                                  "type": "object",
                                  "x-kubernetes-preserve-unknown-fields": true
                                }
                              },
                              "lifecycle": {
                                "type": "object",
                                "x-kubernetes-preserve-unknown-fields": true
                              },
                              "livenessProbe": {
                                "type": "object",
                                "x-kubernetes-preserve-unknown-fields": true
                              },
                              "readinessProbe": {
                                "type": "object",
                                "x-kubernetes-preserve-unknown-fields": true
                              },
                              "startupProbe": {
                                "type": "object",
                                "x-kubernetes-preserve-unknown-fields": true
                              },
                              "securityContext": {
                                "type": "object",
                                "x-kubernetes-preserve-unknown-fields": true
                              },
                              "resources": {
                                "type": "object",
                                "x-kubernetes-preserve-unknown-fields": true
                              }
                            }
                          }
                        },
                        "initContainers": {
                          "type": "array",
                          "maxItems": 16,
                          "x-kubernetes-list-type": "map",
                          "x-kubernetes-list-map-keys": [
                            "name"
                          ],
                          "x-kubernetes-validations": [
                            {
                              "rule": "self.all(c, c.name != 'balancer')",
                              "message": "none may be called balancer, which is our container"
                            }
                          ],
                          "items": {
                            "type": "object",
                            "x-kubernetes-preserve-unknown-fields": true,
                            "required": [
                              "name"
                            ],
                            "properties": {
                              "name": {
                                "type": "string",
                                "minLength": 1,
                                "maxLength": 63
                              }
                            }
                          }
                        },
                        "volumes": {
                          "type": "array",
                          "maxItems": 64,
                          "x-kubernetes-list-type": "map",
                          "x-kubernetes-list-map-keys": [
                            "name"
                          ],
                          "x-kubernetes-validations": [
                            {
                              "rule": "self.all(v, v.name != 'secrets')",
                              "message": "none may be called secrets, which is the volume of the balancer's certificates"
                            }
                          ],
                          "items": {
                            "type": "object",
                            "x-kubernetes-preserve-unknown-fields": true,
                            "required": [
                              "name"
                            ],
                            "properties": {
                              "name": {
                                "type": "string",
                                "minLength": 1,
                                "maxLength": 253
                              }
                            }
                          }
                        },
                        "imagePullSecrets": {
                          "type": "array",
                          "maxItems": 64,
                          "x-kubernetes-list-type": "map",
                          "x-kubernetes-list-map-keys": [
                            "name"
                          ],
                          "items": {
                            "type": "object",
                            "x-kubernetes-preserve-unknown-fields": true,
                            "required": [
                              "name"
                            ],
                            "properties": {
                              "name": {
                                "type": "string",
                                "minLength": 1,
                                "maxLength": 253
                              }
                            }
                          }
                        },
                        "tolerations": {
                          "type": "array",
                          "maxItems": 64,
                          "x-kubernetes-list-type": "atomic",
                          "items": {
                            "type": "object",
                            "x-kubernetes-preserve-unknown-fields": true
                          }
                        },
                        "topologySpreadConstraints": {
                          "type": "array",
                          "maxItems": 64,
                          "x-kubernetes-list-type": "atomic",
                          "items": {
                            "type": "object",
                            "x-kubernetes-preserve-unknown-fields": true
                          }
                        },
                        "nodeSelector": {
                          "type": "object",
                          "maxProperties": 64,
                          "additionalProperties": {
                            "type": "string",
                            "maxLength": 63
                          }
                        },
                        "affinity": {
                          "type": "object",
                          "x-kubernetes-preserve-unknown-fields": true
                        },
                        "priorityClassName": {
                          "type": "string",
                          "maxLength": 253
                        },
                        "runtimeClassName": {
                          "type": "string",
                          "maxLength": 253
                        },
                        "schedulerName": {
                          "type": "string",
                          "maxLength": 253
                        },
                        "serviceAccountName": {
                          "type": "string",
                          "maxLength": 253
                        },
                        "securityContext": {
                          "type": "object",
                          "x-kubernetes-preserve-unknown-fields": true
                        }
                      }
                    }
                  }
                }
              }
            }
          }
        },
        "telemetry": {
          "type": "object",
          "properties": {
            "accessLog": {
              "type": "string",
              "enum": [
                "None",
                "JSON"
              ]
            },
            "responseHeader": {
              "type": "string",
              "minLength": 1,
              "maxLength": 128,
              "x-kubernetes-validations": [
                {
                  "rule": "self.matches(r\"^[A-Za-z0-9!#$%&'*+.^_`|~-]+$\")",
                  "message": "must be an HTTP field name (letters, digits and !#$%&'*+-.^_`|~)"
                },
                {
                  "rule": "!self.lowerAscii().startsWith('content-') && !(self.lowerAscii() in ['connection', 'keep-alive', 'proxy-connection', 'proxy-authenticate', 'te', 'trailer', 'transfer-encoding', 'upgrade', 'via', 'date', 'location', 'set-cookie'])",
                  "message": "must not be a field that frames the response, belongs to the connection or has a meaning of its own, such as Content-Length, Connection or Via"
                }
              ]
            }
          }
        }
      }
    },
    "status": {
      "type": "object",
      "x-kubernetes-preserve-unknown-fields": true
    }
  }
};
