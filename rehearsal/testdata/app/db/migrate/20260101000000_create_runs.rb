class CreateRuns < ActiveRecord::Migration[7.1]
  def change
    create_table(:runs) { |t| t.string :name, null: false; t.timestamps }
  end
end
