import type { Condition, LoadBalancedServiceStatus } from '../api/v1alpha1/types.ts';

export type { BackendStatus, Condition, HeartbeatStatus, RecentFailover, UnhealthyEndpoint } from '../api/v1alpha1/types.ts';
export type Status = LoadBalancedServiceStatus;
export type ConditionStatus = Condition['status'];
