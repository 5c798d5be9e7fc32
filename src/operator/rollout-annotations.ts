/** Of a Deployment of balancers: the release of the operator that its pods were made by, as a digest. */
export const RELEASE_ANNOTATION = 'evenkeel.dev/release';
/** The same for what the resource's owner has asked for, as far as pods are made from it. */
export const INPUTS_ANNOTATION = 'evenkeel.dev/pod-inputs';
/** The release that its pods are being replaced for; gone when they are ready. */
export const WAVE_ANNOTATION = 'evenkeel.dev/wave';
