package automation

import (
	"maps"
	"strings"

	"domovoi.dev/sdk/slnet"
)

// withOptions returns a message that says in its fields what it also says in its
// option strings, the form in which scripts of the original say it.
func withOptions(m *slnet.ExecuteScriptMessage) (*slnet.ExecuteScriptMessage, error) {
	if len(m.Options) == 0 {
		return m, nil
	}
	merged := *m
	merged.Options = nil
	merged.Parameters = maps.Clone(m.Parameters)
	for i, option := range m.Options {
		bad := func(problem string) error {
			return slnet.Errorf(slnet.KindInvalid, "option %d of the execution of script %q, %.100q, %s", i+1, m.ScriptName, option, problem)
		}
		key, value, given := strings.Cut(option, ":")
		switch strings.ToUpper(key) {
		case "PARAMETER", "PARAMETERBYNAME":
			name, value, both := strings.Cut(value, ":")
			if !both || name == "" {
				return nil, bad("has no name and value; write " + strings.ToUpper(key) + ":name:value")
			}
			if _, twice := merged.Parameters[name]; twice {
				return nil, bad("gives the parameter " + name + " a second value")
			}
			if merged.Parameters == nil {
				merged.Parameters = make(map[string]string)
			}
			merged.Parameters[name] = value
		case "DEFER":
			wait, err := parseBool(value)
			if err != nil {
				return nil, bad("is neither DEFER:TRUE nor DEFER:FALSE")
			}
			merged.Async = wait
		case "SKIP_STARTED_INFO_EVENT":
			// There is no such event to skip: a start is a RunChangedEventMessage.
			if _, err := parseBool(value); err != nil {
				return nil, bad("is neither SKIP_STARTED_INFO_EVENT:TRUE nor SKIP_STARTED_INFO_EVENT:FALSE")
			}
		case "EXTENDED_ERROR_INFO":
			// Errors always say all they know.
			if given {
				return nil, bad("takes no value")
			}
		case "USER":
			return nil, bad("is refused: a run has the rights of its sender. To run with those of another user, bind the script to that user")
		default:
			return nil, bad("does not exist; there are PARAMETER:n:value, PARAMETERBYNAME:name:value, DEFER:TRUE or FALSE, EXTENDED_ERROR_INFO and SKIP_STARTED_INFO_EVENT:TRUE")
		}
	}
	return &merged, nil
}

func parseBool(text string) (bool, error) {
	switch strings.ToUpper(text) {
	case "TRUE":
		return true, nil
	case "FALSE":
		return false, nil
	}
	return false, slnet.KindInvalid
}
