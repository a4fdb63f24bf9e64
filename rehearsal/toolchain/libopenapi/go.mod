// Stands in for a library of which the Pulumi CLI's one command `pulumi api`
// makes use: it takes a third of the time in which the CLI compiles, and that
// command explores Pulumi's own service, which no rehearsal reaches. With it the
// CLI is the published one but for that command, which says so.
module github.com/pb33f/libopenapi

go 1.25.0

require go.yaml.in/yaml/v4 v4.0.0
