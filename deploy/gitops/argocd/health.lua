-- Health of a LoadBalancedService under Argo CD. Its conditions Reconciling and Stalled are kstatus's; Ready is whether clients are served.
local health = { status = "Progressing", message = "waiting for the operator" }
local status = obj.status
if status == nil or status.conditions == nil then
  return health
end

local function condition(wanted)
  for _, each in ipairs(status.conditions) do
    if each.type == wanted then
      return each
    end
  end
  return { status = "Unknown", message = "" }
end

local stalled, reconciling, ready, endpoints = condition("Stalled"), condition("Reconciling"), condition("Ready"), condition("EndpointsHealthy")
if status.observedGeneration ~= obj.metadata.generation then
  health.message = "the operator has not seen this generation yet"
elseif obj.spec.suspend then
  health.status, health.message = "Suspended", "spec.suspend is true, so nothing is changed"
elseif stalled.status == "True" then
  health.status, health.message = "Degraded", stalled.message
elseif reconciling.status == "True" then
  health.message = reconciling.message
elseif ready.status ~= "True" then
  health.status, health.message = "Degraded", ready.message
else
  -- A server that is out is what a balancer is for: clients are served.
  health.status, health.message = "Healthy", endpoints.message
end
return health
