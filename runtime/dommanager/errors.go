package dommanager

import (
	"fmt"

	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/slnet"
)

// failed is the error of a request that is refused for one reason.
func failed(errorType slnet.ErrorType, reason slnet.Reason, properties slnet.ErrorProperties, format string, args ...any) error {
	return &slnet.CrudFailedError{TraceData: slnet.TraceData{ErrorData: []slnet.ErrorData{{
		Type: errorType, Reason: reason, Properties: properties, Message: fmt.Sprintf(format, args...),
	}}}}
}

func alreadyExisted(o dom.Object, moduleID string) error {
	return failed(dom.ManagerStoreError, dom.ErrObjectAlreadyExisted, slnet.ErrorProperties{ID: o.Key(), ModuleID: moduleID},
		"%s %s exists already", o.Kind(), o.Key())
}

func didNotExist(kind dom.ObjectKind, moduleID, key string) error {
	return failed(dom.ManagerStoreError, dom.ErrObjectDidNotExist, slnet.ErrorProperties{ID: key, ModuleID: moduleID},
		"%s %s does not exist", kind, key)
}
