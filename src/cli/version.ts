import packageFile from '../../package.json' with { type: 'json' };

/** As in package.json; the build writes it into the bundle. */
export const version: string = packageFile.version;
