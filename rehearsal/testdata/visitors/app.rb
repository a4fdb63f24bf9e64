# A Rails app that runs with another app's config/environments/production.rb and
# answers with the address that Rails takes for its visitor's.
#
#   ruby app.rb DIRECTORY-OF-THE-OTHER-APP PORT
ENV["RAILS_ENV"] = "production"
require "logger"
require "action_controller/railtie"
require "puma"

class Visitors < Rails::Application
  config.root = ARGV.fetch(0)
  config.secret_key_base = "rehearsal" * 8
  config.logger = Logger.new($stderr)
  # kamal-proxy's health check comes by plain HTTP; Rails before 7.1 knows no assume_ssl.
  config.ssl_options = { redirect: { exclude: ->(request) { request.path == "/up" } } }
end

Visitors.initialize!
Visitors.routes.draw do
  get "/up", to: ->(_) { [ 200, {}, [ "up" ] ] }
  get "/", to: ->(env) { [ 200, {}, [ "visitor: #{ActionDispatch::Request.new(env).remote_ip}" ] ] }
end

server = Puma::Server.new(Visitors)
server.add_tcp_listener("127.0.0.1", Integer(ARGV.fetch(1)))
server.run.join
