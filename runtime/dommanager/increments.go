package dommanager

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"

	"domovoi.dev/runtime/dommanager/composite"
	"domovoi.dev/runtime/security"
	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/slnet"
	"domovoi.dev/storage"
)

// increments fills in the values of AutoIncrement fields that have none, in each
// section that has such a field. It comes before the instance is checked and
// named, so that a required field is accepted without a value, and the number can
// be part of the name. (rows INC-01 to INC-14, SOF-09, NAM-14)
func (c *check) increments(d *dom.Definition, instance *dom.Instance) error {
	system := c.model.behavior(d)
	for _, s := range instance.Sections {
		definition := c.model.sections[s.SectionDefinitionID]
		if definition == nil {
			continue
		}
		for _, fd := range definition.FieldDescriptors {
			if fd.AutoIncrement == nil || fd.IsSoftDeleted {
				continue
			}
			if _, ok := s.GetFieldValueByID(fd.ID); ok {
				continue
			}
			if err := c.increment(system, instance, s, fd); err != nil {
				return err
			}
		}
	}
	return nil
}

// increment gives a field the next number of its counter, in the field's format,
// where the status system allows it; system is nil when none applies.
func (c *check) increment(system *behavior, instance *dom.Instance, s *dom.Section, fd *dom.FieldDescriptor) error {
	if system != nil && !system.takesNumber(instance.StatusID, s, fd) {
		return nil
	}
	format, err := composite.Parse(fd.AutoIncrement.IDFormat)
	if err != nil {
		c.failNumber(instance, s, fd, fmt.Errorf("its IdFormat cannot be used: %w", err))
		return nil
	}
	n, err := c.tx.NextIncrement(fd.AutoIncrement.AutoIncrementerID)
	if errors.Is(err, storage.ErrLastIncrement) {
		c.failNumber(instance, s, fd, err)
		return nil
	}
	if err != nil {
		return err
	}
	s.AddOrReplaceFieldValue(fd.ID, format.Format(n))
	return nil
}

// failNumber adds the error that a field cannot get a number. There is no
// documented reason for it.
func (c *check) failNumber(instance *dom.Instance, s *dom.Section, fd *dom.FieldDescriptor, cause error) {
	properties := associatedProperties([]slnet.AssociatedField{associated(s, fd.ID)})
	properties.ID = instance.Key()
	c.fail(dom.ManagerStoreError, dom.ErrUnknown, properties, "field %q (%s) cannot get a number: %v", fd.Name, fd.ID, cause)
}

// takesNumber reports whether a field may have a value in a status: its section
// and it are linked there. A number where none may be would make the instance
// invalid (rows STA-14, SOF-06).
func (b *behavior) takesNumber(status string, s *dom.Section, fd *dom.FieldDescriptor) bool {
	link := b.rules(status).sections[s.SectionDefinitionID]
	return link.has(fd.ID) && !link.IsSoftDeleted
}

// autoIncrementer returns the state of a counter of AutoIncrement fields.
func (m *Managers) autoIncrementer(ctx context.Context, request *dom.AutoIncrementerGetRequest) (slnet.Message, error) {
	var current int64
	err := m.store.View(ctx, func(r *storage.Reader) (err error) {
		current, err = r.Increment(request.AutoIncrementerID)
		return err
	})
	if err != nil {
		return nil, err
	}
	return &dom.AutoIncrementerResponse{Current: current}, nil
}

// setAutoIncrementer sets a counter of AutoIncrement fields (row INC-12).
func (m *Managers) setAutoIncrementer(ctx context.Context, caller security.Caller, request *dom.AutoIncrementerSetRequest) (slnet.Message, error) {
	if request.AutoIncrementerID == uuid.Nil {
		return nil, slnet.Errorf(slnet.KindInvalid, "the request names no counter: AutoIncrementerId is empty")
	}
	_, err := m.store.Update(ctx, caller.Origin(), func(tx *storage.Tx) error {
		tx.About("AutoIncrementer", request.AutoIncrementerID.String())
		return tx.SetIncrement(request.AutoIncrementerID, request.Current)
	})
	if err != nil {
		return nil, err
	}
	return &dom.AutoIncrementerResponse{Current: request.Current}, nil
}
