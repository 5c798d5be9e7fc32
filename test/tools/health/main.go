// health: what two tools of the field make of an object's status. Standard input has an object in JSON on each line; for each a line is
// answered: what kstatus (Flux, kubectl-like waiters) computes, and what the health script given as the argument says under Argo CD.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"

	lua "github.com/yuin/gopher-lua"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/cli-utils/pkg/kstatus/status"
)

type verdict struct {
	Status  string `json:"status"`
	Message string `json:"message"`
}

type answer struct {
	Kstatus verdict `json:"kstatus"`
	Argo    verdict `json:"argo"`
}

func main() {
	if len(os.Args) != 2 {
		fail(fmt.Errorf("usage: health SCRIPT.lua <OBJECTS"))
	}
	script, err := os.ReadFile(os.Args[1])
	if err != nil {
		fail(err)
	}
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<24)
	out := json.NewEncoder(os.Stdout)
	for lines.Scan() {
		var object unstructured.Unstructured
		if err := json.Unmarshal(lines.Bytes(), &object); err != nil {
			fail(err)
		}
		computed, err := status.Compute(&object)
		if err != nil {
			fail(err)
		}
		health, err := assess(string(script), object.Object)
		if err != nil {
			fail(err)
		}
		if err := out.Encode(answer{verdict{string(computed.Status), computed.Message}, health}); err != nil {
			fail(err)
		}
	}
	if err := lines.Err(); err != nil {
		fail(err)
	}
}

// assess runs a script as Argo CD does: the interpreter is the same, the object is the global obj, and of the libraries there are only
// base, table, string and math.
func assess(script string, object map[string]any) (verdict, error) {
	state := lua.NewState(lua.Options{SkipOpenLibs: true})
	defer state.Close()
	for name, open := range map[string]lua.LGFunction{
		lua.BaseLibName: lua.OpenBase, lua.TabLibName: lua.OpenTable, lua.StringLibName: lua.OpenString, lua.MathLibName: lua.OpenMath,
	} {
		if err := state.CallByParam(lua.P{Fn: state.NewFunction(open), NRet: 0, Protect: true}, lua.LString(name)); err != nil {
			return verdict{}, err
		}
	}
	state.SetGlobal("obj", value(state, object))
	if err := state.DoString(script); err != nil {
		return verdict{}, err
	}
	result, ok := state.Get(-1).(*lua.LTable)
	if !ok {
		return verdict{}, fmt.Errorf("the script returns a %s, and not a table", state.Get(-1).Type())
	}
	return verdict{lua.LVAsString(result.RawGetString("status")), lua.LVAsString(result.RawGetString("message"))}, nil
}

func value(state *lua.LState, each any) lua.LValue {
	switch each := each.(type) {
	case map[string]any:
		table := state.NewTable()
		for key, inner := range each {
			table.RawSetString(key, value(state, inner))
		}
		return table
	case []any:
		table := state.NewTable()
		for _, inner := range each {
			table.Append(value(state, inner))
		}
		return table
	case string:
		return lua.LString(each)
	case bool:
		return lua.LBool(each)
	case int64:
		return lua.LNumber(each)
	case float64:
		return lua.LNumber(each)
	default:
		return lua.LNil
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "health:", err)
	os.Exit(1)
}
