/** Of the error codes that end a stream or a connection (RFC 9113 §7), those that we give or tell apart. */
export const ErrorCode = { NoError: 0x0, RefusedStream: 0x7, EnhanceYourCalm: 0xb } as const;

/** The flag of the frame that is the last of its side of a stream (RFC 9113 §6.1, 6.2). */
export const END_STREAM = 0x1;
