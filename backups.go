package main

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"rails-on-hetzner/components"
	"rails-on-hetzner/internal/hetzner"
	"rails-on-hetzner/internal/settings"
)

// backupPlan is what is backed up on which server, by its name.
type backupPlan map[string]*components.BackupArgs

// planBackups has the app's database backed up where it is, and its files where its
// web is: on the first server, where most often both are.
func planBackups(s *settings.Settings) backupPlan {
	plan := backupPlan{}
	for _, machine := range s.Fleet() {
		args := &components.BackupArgs{
			PointInTime: s.PointInTime && machine.Database,
			Hour:        s.BackupHour,
			Keep:        s.BackupKeep,
			TimeZone:    s.TimeZone,
			Offsite:     s.Offsite,
		}
		if machine.Database { // one server tells: a second one's success would hide its failure
			args.Container, args.PingURL = components.AppDatabase(s), s.BackupPingURL
		}
		if machine.Number == 0 && s.BackupFiles {
			args.Service = s.Service
		}
		if !args.Wanted() {
			args.Offsite = nil
		}
		plan[machine.Name] = args
	}
	return plan
}

// newBackups declares the backups, and exports what they report. It returns that.
func newBackups(ctx *pulumi.Context, s *settings.Settings, found *findings, f *fleet, plan backupPlan) (pulumi.Array, error) {
	var box *components.StorageBox
	var err error
	if found.box != nil && plan.wanted() {
		if box, err = newStorageBox(ctx, s, found.box); err != nil {
			return nil, err
		}
	}
	var reports pulumi.Array
	for _, h := range f.hosts {
		args := plan[h.Name]
		// With the database elsewhere, the first server is told that nothing of it is left to do.
		if !args.Wanted() && (h.Number > 0 || !s.DatabaseServer) {
			continue
		}
		if args.Wanted() {
			args.Box = box
		}
		args.SSH, args.DependsOn = h.server.SSH, []pulumi.Resource{h.hardening.Done}
		backup, err := components.NewBackup(ctx, h.named("backup"), args)
		if err != nil {
			return nil, err
		}
		reports = append(reports, backup.Report)
		switch {
		case h.Database || !s.DatabaseServer:
			ctx.Export("backup", backup.Report)
		case args.Wanted():
			ctx.Export("filesBackup", backup.Report)
		}
	}
	return reports, nil
}

func (p backupPlan) wanted() bool {
	for _, args := range p {
		if args.Wanted() {
			return true
		}
	}
	return false
}

// newStorageBox declares the box, and exports what scripts/offsite-fetch needs.
func newStorageBox(ctx *pulumi.Context, s *settings.Settings, chosen *hetzner.Box) (*components.StorageBox, error) {
	box, err := components.NewStorageBox(ctx, "storage-box", &components.StorageBoxArgs{
		Name:           s.ServerName + "-backups",
		Type:           chosen.Type,
		TypeChosen:     s.Offsite.Box.Type == "",
		Location:       chosen.Location,
		LocationChosen: s.Offsite.Box.Location == "",
		Snapshots:      chosen.Snapshots,
		Protect:        s.Protect,
		Labels:         s.Labels(),
		HostKeys:       s.Offsite.Box.HostKeys,
	})
	if err != nil {
		return nil, err
	}
	ctx.Export("storageBox", pulumi.Sprintf("%s@%s", box.User, box.Host))
	ctx.Export("storageBoxPassword", box.Password)
	ctx.Export("storageBoxKnownHosts", box.KnownHosts)
	ctx.Export("storageBoxPath", box.Path)
	return box, nil
}
