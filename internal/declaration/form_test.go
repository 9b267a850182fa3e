package declaration

import (
	"reflect"
	"slices"
	"testing"

	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/slnet"
)

// TestFormsHaveEveryMember shows that a member of an object is either compared with
// files, or one of those that only the daemon fills in: a new one cannot be taken
// from a file and then be passed over.
func TestFormsHaveEveryMember(t *testing.T) {
	stamps := []string{"Id", "CreatedAt", "CreatedBy", "ChangedAt", "ChangedBy", "Revision"}
	for _, test := range []struct {
		form   form
		object any
		filled []string // beside the stamps
	}{
		{triggerForm, new(dom.Trigger), []string{"OwnerId", "PausedReason"}},
		{scheduleForm, new(slnet.Schedule), []string{"OwnerId", "Next", "Last", "LastRun"}},
		{webhookForm, new(slnet.Webhook), []string{"DisabledReason", "Failures", "Waiting", "Dropped"}},
		{apiForm, new(slnet.ApiDefinition), nil},
		{groupForm, new(slnet.Group), nil},
		{userForm, new(slnet.User), []string{"HasPassword"}},
	} {
		object := reflect.ValueOf(test.object).Elem()
		members := fieldsOf(object)
		for name := range members {
			filled := slices.Contains(stamps, name) || slices.Contains(test.filled, name)
			if compared := slices.Contains(test.form.members, name); compared == filled {
				t.Errorf("the member %s of %s is compared: %v, filled in by the daemon: %v", name, object.Type(), compared, filled)
			}
		}
		for _, name := range slices.Concat(test.form.members, test.filled) {
			if _, ok := members[name]; !ok {
				t.Errorf("%s has no member %s", object.Type(), name)
			}
		}
	}
}
