# Writes and reads the database and the uploads, and tells what a visitor of a
# rehearsal wants to know: which version answers, and whom it takes him for.
class RunsController < ApplicationController
  skip_forgery_protection # its visitors are programs

  def index
    render plain: "#{Run.count} runs, version #{ENV.fetch("KAMAL_VERSION", "none")}, for #{request.remote_ip} by #{request.protocol}\n"
  end

  def create
    run = Run.create!(name: params.require(:name))
    run.photo.attach(params[:photo]) if params[:photo]
    render plain: "#{run.id}\n", status: :created
  end

  def show
    run = Run.find(params[:id])
    run.photo.attached? ? send_data(run.photo.download) : render(plain: "#{run.name}\n")
  end
end
