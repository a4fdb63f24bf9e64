# Connects as Kamal does: net-ssh with the algorithms that Kamal's has and the
# options that Kamal gives it (lib/kamal/configuration/ssh.rb), in as many
# connections at once as Kamal begins.
#
#   ruby client.rb ALGORITHMS.json ADDRESS KNOWN-HOSTS KEY...
require "json"
require "net/ssh"

algorithms, address, known_hosts, *keys = ARGV
offered = JSON.parse(File.read(algorithms))
options = {
  keys_only: true, user_known_hosts_file: known_hosts, verify_host_key: :always,
  keepalive: true, keepalive_interval: 30, config: false, timeout: 60, use_agent: false,
  kex: offered["kex"], host_key: offered["host_key"], encryption: offered["encryption"], hmac: offered["hmac"]
}
connections = Array.new(offered["connections"]) do |number|
  Thread.new do
    Net::SSH.start(address, "root", **options, keys: [ keys[number % keys.size] ]) do |session|
      session.exec!("echo in").strip
    end
  end
end
puts "net-ssh #{Net::SSH::Version::CURRENT}: #{connections.map(&:value).tally}"
