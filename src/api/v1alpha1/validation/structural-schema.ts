/** The keywords of a CRD's schema (apiextensions.k8s.io/v1 JSONSchemaProps) that ours uses; any other would be overlooked here, so a test forbids it. */
export interface StructuralSchema {
  readonly type?: string;
  readonly format?: string;
  readonly properties?: Readonly<Record<string, StructuralSchema>>;
  readonly additionalProperties?: StructuralSchema;
  readonly items?: StructuralSchema;
  readonly required?: readonly string[];
  readonly enum?: readonly string[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly maxProperties?: number;
  readonly 'x-kubernetes-int-or-string'?: boolean;
  readonly 'x-kubernetes-preserve-unknown-fields'?: boolean;
  readonly 'x-kubernetes-list-type'?: string;
  readonly 'x-kubernetes-list-map-keys'?: readonly string[];
  readonly 'x-kubernetes-validations'?: readonly ValidationRule[];
}

/** A CEL rule about `self`, the value that the schema is of. */
export interface ValidationRule {
  readonly rule: string;
  readonly message: string;
  /** Where the error belongs, from the value downwards, such as `.timeout`; the value itself where it is left out. */
  readonly fieldPath?: string;
}
