package automation

import (
	"cmp"
	"context"

	"domovoi.dev/runtime/security"
	"domovoi.dev/sdk/slnet"
	"domovoi.dev/storage"
)

const (
	defaultVersions = 20
	maxVersions     = 100
)

// Versions lists the versions of a script, the newest first.
func (a *Automation) Versions(ctx context.Context, m *slnet.GetScriptVersionsMessage) (*slnet.ScriptVersionsResponse, error) {
	if m.Limit < 0 || m.Limit > maxVersions {
		return nil, slnet.Errorf(slnet.KindInvalid, "the limit %d is not between 0 and %d", m.Limit, maxVersions)
	}
	if m.Before < 0 {
		return nil, slnet.Errorf(slnet.KindInvalid, "Before is %d; it is a version, or 0 to begin with the newest", m.Before)
	}
	limit := int(cmp.Or(m.Limit, defaultVersions))
	response := &slnet.ScriptVersionsResponse{Versions: []slnet.ScriptVersion{}}
	err := a.Store.View(ctx, func(r *storage.Reader) error {
		head, err := named(r, m.Name)
		if err != nil {
			return err
		}
		response.Name = head.Name
		walk := storage.Walk{Prefix: []string{head.ID.String()}, Reverse: true}
		if m.Before > 0 {
			walk.After = []string{head.ID.String(), versionKey(m.Before)}
		}
		var after *slnet.Script // the version listed last, which is compared with the one before
		return scriptVersions.Scan(r, walk, func(s *slnet.Script) (bool, error) {
			if after != nil {
				response.Versions[len(response.Versions)-1] = compared(after, s)
			}
			if len(response.Versions) == limit {
				response.Next = after.Version
				return false, nil
			}
			response.Versions = append(response.Versions, compared(s, new(slnet.Script)))
			after = s
			return true, ctx.Err()
		})
	})
	if err != nil {
		return nil, err
	}
	return response, nil
}

// compared is a version as it stands in the list, with what differs from the one
// before.
func compared(s, before *slnet.Script) slnet.ScriptVersion {
	return slnet.ScriptVersion{
		Version: s.Version, Hash: s.Hash, DeployedAt: s.DeployedAt, DeployedBy: s.DeployedBy, EntryPoints: s.EntryPoints,
		RestoredFrom:  s.RestoredFrom,
		SourceChanged: s.Engine != before.Engine || s.Hash != before.Hash, ManifestChanged: s.ManifestText != before.ManifestText,
		LibrariesChanged: !sameLibraries(s, before),
	}
}

// RollBack makes a new version of a script with the content of an old one. It
// needs no process: the content was looked at when it was deployed.
//
// A new version, rather than a pointer to the old one, keeps one rule for what
// is executed, the newest, and the versions of runs and pins in the order of
// time.
func (a *Automation) RollBack(ctx context.Context, caller security.Caller, m *slnet.RollBackScriptMessage) (*slnet.ScriptResponse, error) {
	if m.Version <= 0 {
		return nil, slnet.Errorf(slnet.KindInvalid, "the version to roll back to is %d; it must be one of those that domovoi script versions shows", m.Version)
	}
	var restored slnet.Script
	_, err := a.Store.Update(ctx, caller.Origin(), func(tx *storage.Tx) error {
		head, err := named(&tx.Reader, m.Name)
		if err != nil {
			return err
		}
		old, err := version(&tx.Reader, head, m.Version)
		if err != nil {
			return err
		}
		if err := a.checkGrants(caller, manifestOf(old)); err != nil {
			return err
		}
		restored = *old
		restored.Version, restored.RestoredFrom = head.Version+1, old.Version
		if err := a.bind(caller, &restored, head, nil); err != nil {
			return err
		}
		if same(head, &restored) {
			restored = *head
			return nil
		}
		restored.DeployedAt, restored.DeployedBy = tx.Now(), caller.User
		tx.About("script", restored.Name)
		return keep(tx, &restored)
	})
	if err != nil {
		return nil, err
	}
	a.replaced(&restored, restored.Name)
	return &slnet.ScriptResponse{Script: withoutSource(restored)}, nil
}
